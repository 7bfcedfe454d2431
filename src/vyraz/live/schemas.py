"""What the API takes and gives, for its OpenAPI document. Rows are those of the table of results."""

from typing import Any, Literal

from pydantic import BaseModel, Field

__all__ = ["Analysis", "Health", "JobStatus", "ModelFacts", "PageSettings", "Problem"]


class Problem(BaseModel):
    detail: str = Field(description="One sentence: what is wrong and what to do.")


class Health(BaseModel):
    status: Literal["ok"] = "ok"


class Analysis(BaseModel):
    width: int
    height: int
    labels: list[str] = Field(description="Names of the columns of scores, in their order.")
    records: list[dict[str, Any]] = Field(description="One row a face, largest first; see the table of results.")


class JobStatus(BaseModel):
    id: str
    state: Literal["waiting", "running", "done", "failed", "cancelled"]
    frames: int = Field(description="How many are done.")
    total: int | None = Field(description="How many there are, where the file tells.")
    seconds: float | None = Field(description="Time of the last frame that is done.")
    width: int | None = Field(description="Of its frames, in pixels, upright.")
    height: int | None
    message: str = Field(description="Why it failed; empty where it did not.")


class ModelFacts(BaseModel):
    name: str
    labels: list[str]
    parameters: int
    macs: int = Field(description="Multiply-adds a face.")
    bytes: int
    uncertain_below: float
    accuracy: float = Field(description="On FER-2013 PrivateTest; by the votes of FER+ where contempt is a label.")


class PageSettings(BaseModel):
    version: str
    models: list[str]
    detectors: list[str]
    model: str
    detector: str
    smooth: float
    camera: bool = Field(description="Whether the server has a camera of its own.")
    token_needed: bool
    notice: str
    limits: dict[str, float]
