"""Counts for Prometheus; nothing in them says anything about a picture."""

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from vyraz.live.jobs import Jobs
from vyraz.live.stream import Streams

__all__ = ["Metrics"]


class Metrics:
    """Of one server."""

    def __init__(self, jobs: Jobs, streams: Streams) -> None:
        self._registry = registry = CollectorRegistry()
        self.pictures = Counter("vyraz_pictures", "Pictures analysed on request.", registry=registry)
        frames = Gauge("vyraz_frames", "Frames of streams analysed since the start.", registry=registry)
        frames.set_function(lambda: streams.frames)
        Gauge("vyraz_streams", "Open streams.", registry=registry).set_function(lambda: streams.count)
        Gauge("vyraz_jobs", "Videos waiting or being analysed.", registry=registry).set_function(lambda: len(jobs))

    def text(self) -> str:
        return generate_latest(self._registry).decode()
