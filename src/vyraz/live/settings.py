"""What a server is told when it starts."""

import ipaddress
import os
from dataclasses import dataclass, field
from pathlib import Path

from vyraz.errors import UsageError

__all__ = ["Limits", "Settings", "is_loopback"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one client, and all together, may take: bytes, pixels, seconds, counts."""

    picture_bytes: int = 20_000_000
    picture_pixels: int = 50_000_000
    video_bytes: int = 4_000_000_000
    frame_bytes: int = 4_000_000
    frame_pixels: int = 8_500_000
    frames_per_second: int = 240
    streams: int = 32
    connections: int = 128
    jobs: int = 16
    jobs_running: int = max((os.cpu_count() or 1) // 2, 1)
    job_seconds_kept: float = 3600.0
    request_seconds: float = 60.0
    upload_seconds: float = 3600.0


@dataclass(frozen=True, slots=True)
class Settings:
    """A server's settings.

    Args:
        host, port: where it listens; port 0 is a free one.
        token: what clients must know; None only on loopback.
        certificate, key: files for TLS.
        model, detector, min_face_score, smooth: of streams, where a client asks for nothing else.
        camera: number or URL of a camera that the server itself reads.
        notice: what the page tells the people in view; empty is its own text.

    Raises:
        UsageError: it would listen beyond this machine without a token, or half of what TLS needs is missing.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    token: str | None = None
    certificate: Path | None = None
    key: Path | None = None
    model: str = "small"
    detector: str = "yunet"
    min_face_score: float | None = None
    smooth: float | None = None
    camera: str | None = None
    notice: str = ""
    limits: Limits = field(default_factory=Limits)

    def __post_init__(self) -> None:
        if not is_loopback(self.host) and not self.token:
            raise UsageError(f"{self.host} can be reached by others: choose a secret and give it with --token")
        if (self.certificate is None) != (self.key is None):
            raise UsageError("TLS needs both --tls-cert and --tls-key")
        for path in filter(None, (self.certificate, self.key)):
            if not path.is_file():
                raise UsageError(f"{path}: no such file")


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a host name or address."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
