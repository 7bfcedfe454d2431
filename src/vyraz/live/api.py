"""The API's requests; names are those of the table of results."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, File, Form, HTTPException, UploadFile
from fastapi.responses import PlainTextResponse, StreamingResponse

import vyraz
from vyraz import models
from vyraz.detect import DETECTORS
from vyraz.live.engine import Engine
from vyraz.live.frames import row_of
from vyraz.live.jobs import Job, Jobs, TooManyError, rows_of
from vyraz.live.metrics import Metrics
from vyraz.live.schemas import Analysis, Health, JobStatus, ModelFacts, PageSettings, Problem
from vyraz.live.settings import Settings
from vyraz.live.stream import Streams
from vyraz.pictures import decode_picture
from vyraz.recognize import Recognizer
from vyraz.smooth import DEFAULT_SECONDS

__all__ = ["Api"]

#: Room for the parts of a form about the file.
_FORM = 16_384

_Picture = Annotated[UploadFile, File(description="JPEG, PNG, WebP, BMP or TIFF.")]
_Video = Annotated[UploadFile, File(description="Any container and codec that FFmpeg reads.")]
_Model = Annotated[str | None, Form(description="A shipped model.")]
_Detector = Annotated[str | None, Form(description="yunet or haar.")]
_Least = Annotated[float | None, Form(gt=0, le=1, description="Drop faces that the detector scores lower.")]
_Every = Annotated[int, Form(ge=1, le=100_000, description="Analyse every Nth frame.")]
_Smooth = Annotated[float | None, Form(ge=0, le=60, description="Seconds over which scores are smoothed.")]


_WRONG: dict[int | str, dict[str, Any]] = {status: {"model": Problem} for status in (400, 401, 403, 408, 413, 422, 503)}
_LOST = {**_WRONG, 404: {"model": Problem}}


class Api:
    """One server's requests, all but the page's and the streams'."""

    def __init__(self, settings: Settings, engine: Engine, jobs: Jobs, streams: Streams) -> None:
        self._settings, self._engine, self._jobs = settings, engine, jobs
        self._metrics = Metrics(jobs, streams)

    def router(self) -> APIRouter:
        """Where each is to be found."""
        router, limits = APIRouter(), self._settings.limits
        picture, video = limits.picture_bytes + _FORM, limits.video_bytes + _FORM
        router.post("/api/analyze", responses=_WRONG, max_body_size=picture)(self.analyze)
        router.post("/api/jobs", status_code=202, responses=_WRONG, max_body_size=video)(self.start_job)
        router.get("/api/jobs/{id}", responses=_LOST)(self.job_status)
        router.get("/api/jobs/{id}/result", responses=_LOST, response_class=PlainTextResponse)(self.job_result)
        router.delete("/api/jobs/{id}", status_code=204, responses=_LOST)(self.drop_job)
        router.get("/api/models", responses={401: {"model": Problem}})(self.list_models)
        router.get("/api/settings")(self.page_settings)
        router.get("/healthz")(self.health)
        router.get("/metrics", response_class=PlainTextResponse)(self.numbers)
        return router

    async def analyze(
        self, file: _Picture, model: _Model = None, detector: _Detector = None, min_face_score: _Least = None
    ) -> Analysis:
        """The faces of a picture."""
        data = await file.read()

        def work() -> Analysis:
            pixels = decode_picture(data, "the picture", most=self._settings.limits.picture_pixels)
            recognizer = self._recognizer(model, detector, min_face_score)
            labels = recognizer.labels
            faces = enumerate(recognizer(pixels), start=1)
            records = [row_of(replace(face, face_id=number), labels) for number, face in faces]
            return Analysis(width=pixels.shape[1], height=pixels.shape[0], labels=list(labels), records=records)

        self._metrics.pictures.inc()
        return await self._engine.run(work)

    async def start_job(
        self,
        file: _Video,
        model: _Model = None,
        detector: _Detector = None,
        every: _Every = 1,
        smooth: _Smooth = None,
    ) -> JobStatus:
        """Begin to analyse a video in the background."""
        recognizer = await self._engine.run(self._recognizer, model, detector, None)
        options = {"every": every, "smooth": self._settings.smooth if smooth is None else smooth}
        try:
            job = await self._jobs.start(file.file, recognizer, options, file.filename or "video")
        except TooManyError:
            raise HTTPException(503, "as many videos as may are being analysed; try again later") from None
        return JobStatus(**job.told())

    async def job_status(self, id: str) -> JobStatus:
        """How far a video is."""
        return JobStatus(**self._job(id).told())

    async def job_result(self, id: str, format: Literal["csv", "jsonl"] = "csv") -> StreamingResponse:
        """The table of a video, as far as it is."""
        kind = "text/csv" if format == "csv" else "application/x-ndjson"
        return StreamingResponse(rows_of(self._job(id), format), media_type=kind)

    async def drop_job(self, id: str) -> None:
        """Cancel a video's analysis and forget its result."""
        self._jobs.drop(self._job(id))

    async def list_models(self) -> list[ModelFacts]:
        """The shipped models."""
        return [_facts(name) for name in models.names()]

    async def page_settings(self) -> PageSettings:
        """What the page needs to know; needs no token."""
        settings = self._settings
        return PageSettings(
            version=vyraz.__version__,
            models=list(dict.fromkeys([settings.model, *models.names()])),
            detectors=list(DETECTORS),
            model=settings.model,
            detector=settings.detector,
            smooth=DEFAULT_SECONDS if settings.smooth is None else settings.smooth,
            camera=settings.camera is not None,
            token_needed=bool(settings.token),
            notice=settings.notice,
            limits={"picture_bytes": settings.limits.picture_bytes, "video_bytes": settings.limits.video_bytes},
        )

    async def health(self) -> Health:
        """Whether the server answers; needs no token."""
        return Health()

    async def numbers(self) -> PlainTextResponse:
        """For Prometheus."""
        return PlainTextResponse(self._metrics.text(), media_type="text/plain; version=0.0.4")

    def _recognizer(self, model: str | None, detector: str | None, least: float | None) -> Recognizer:
        detector = detector or self._settings.detector
        least = self._settings.min_face_score if least is None and detector == "yunet" else least
        return self._engine.recognizer(model or self._settings.model, detector, least)

    def _job(self, number: str) -> Job:
        job = self._jobs.find(number)
        if job is None:
            raise HTTPException(404, "there is no such job, or it was forgotten")
        return job


def _facts(name: str) -> ModelFacts:
    row = models.facts(name)
    fields = {field: row[field] for field in ("labels", "parameters", "macs", "bytes", "uncertain_below")}
    return ModelFacts(name=name, accuracy=row["figures"]["PrivateTest"]["accuracy"], **fields)
