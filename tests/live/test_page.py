"""The page in a real browser with a camera that shows Grace Hopper."""

import base64
import csv
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from tests.conftest import MakeClip
from vyraz.types import EMOTIONS, Pixels

COMMAND = Path(sys.executable).with_name("vyraz")
FACE = "[data-faces]:not([data-faces='0'])"
#: For what takes the machine's cores, which others may use too.
LONG = 30_000


class Server:
    """`vyraz serve` as users start it; it can be killed and started again on its port."""

    def __init__(self, *options: str) -> None:
        self._options = options
        self.address, self.port = "", "0"
        self.start()

    def start(self) -> None:
        command = [str(COMMAND), "serve", "--port", self.port, *self._options]
        self.process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        self.address = self.process.stderr.readline().split()[1]
        self.port = self.address.rstrip("/").rpartition(":")[2]

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def camera(grace_hopper: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the browser's camera shows, a film in Y4M: 320x240, the face some 90 pixels wide."""
    from PIL import Image

    whole = Image.open(grace_hopper).convert("YCbCr").crop((0, 0, 512, 384)).resize((320, 240))
    brightness, *colours = whole.split()
    planes = [np.asarray(brightness), *(np.asarray(colour.resize((160, 120))) for colour in colours)]
    frame = b"FRAME\n" + b"".join(plane.tobytes() for plane in planes)
    path = tmp_path_factory.mktemp("camera") / "face.y4m"
    path.write_bytes(b"YUV4MPEG2 W320 H240 F20:1 Ip A1:1 C420jpeg\n" + 20 * frame)
    return path


def launched(playwright: Playwright, *arguments: str) -> Browser:
    path = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if path is None:
        pytest.skip("no browser is installed")
    return playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu", *arguments])


@pytest.fixture(scope="module")
def browser(playwright: Playwright, camera: Path) -> Iterator[Browser]:
    film = f"--use-file-for-fake-video-capture={camera}"
    browser = launched(playwright, "--use-fake-device-for-media-stream", film)
    yield browser
    browser.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(permissions=["camera"], locale="en-GB", viewport={"width": 1280, "height": 900})
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, server: Server) -> Iterator[Page]:
    """The page; anything its scripts complain of fails the test."""
    page, complaints = context.new_page(), list[str]()
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.goto(server.address)
    yield page
    expected = re.compile("WebSocket connection|Failed to load resource|ERR_CONNECTION")
    assert [complaint for complaint in complaints if not expected.search(complaint)] == []


def started(page: Page) -> Page:
    page.click("#start")
    page.wait_for_selector(FACE, timeout=LONG)
    return page


def test_a_box_and_bars_within_three_seconds(page: Page) -> None:
    seconds: list[float] = []
    # The best of some: others may use the machine.
    while len(seconds) < 4 and min(seconds, default=3.0) >= 3:
        page.reload()
        began = time.monotonic()
        started(page)
        seconds.append(time.monotonic() - began)
    assert min(seconds) < 3
    bars = page.locator("[data-person]").first.locator("[data-emotion]")
    assert [bar.get_attribute("data-emotion") for bar in bars.all()] == list(EMOTIONS)
    assert sum(float(bar.get_attribute("data-score") or "nan") for bar in bars.all()) == pytest.approx(1, abs=0.05)
    expect(page.locator("#rate")).to_have_text(re.compile(r"\d"), timeout=LONG)
    expect(page.locator("#latency")).to_have_text(re.compile(r"\d"), timeout=LONG)


def test_pauses_and_goes_on(page: Page) -> None:
    started(page)
    page.keyboard.press("Space")
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(500)
    first = page.locator("#stage").screenshot()
    page.wait_for_timeout(500)
    assert page.locator("#stage").screenshot() == first
    page.click("#pause")
    expect(page.locator("#pause")).to_have_attribute("aria-pressed", "false")


def test_records_a_table_with_rising_times(page: Page, tmp_path: Path) -> None:
    started(page)
    page.click("#record")
    page.wait_for_timeout(2000)
    with page.expect_download(timeout=LONG) as waiting:
        page.click("#record")
    waiting.value.save_as(tmp_path / "x.csv")
    rows = list(csv.DictReader((tmp_path / "x.csv").open(encoding="utf-8")))
    times = [float(row["timestamp"]) for row in rows]
    assert len(rows) >= 3
    assert times[0] == pytest.approx(0, abs=0.5)
    assert (np.diff(times) > 0).all()
    assert {row["face_id"] for row in rows} == {"1"}
    assert all(sum(float(row[name]) for name in EMOTIONS) == pytest.approx(1, abs=1e-3) for row in rows)


def test_hides_blurs_and_mirrors(page: Page) -> None:
    started(page)
    # People know themselves from mirrors: a camera begins mirrored.
    for key, number, pressed in (("h", "hide", "true"), ("b", "blur", "true"), ("m", "mirror", "false")):
        plain = page.locator("#stage").screenshot()
        page.keyboard.press(key)
        expect(page.locator(f"#{number}")).to_have_attribute("aria-pressed", pressed)
        page.wait_for_timeout(500)
        assert page.locator("#stage").screenshot() != plain


def test_a_snapshot_is_a_picture(page: Page, tmp_path: Path) -> None:
    started(page)
    with page.expect_download(timeout=LONG) as waiting:
        page.keyboard.press("s")
    waiting.value.save_as(tmp_path / "x.png")
    assert (tmp_path / "x.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_is_read(page: Page, grace_hopper: Path) -> None:
    page.set_input_files("#file", grace_hopper)
    page.wait_for_selector(FACE, timeout=LONG)
    expect(page.locator("[data-person]")).to_have_count(1)


def test_a_clip_is_read_and_its_timeline_seeks(page: Page, make_clip: MakeClip, face: Pixels) -> None:
    clip = make_clip("talk.webm", times=[i / 10 for i in range(30)], pictures=[face[:, :204]] * 30, codec="libvpx")
    page.set_input_files("#file", clip)
    page.wait_for_selector(FACE, timeout=LONG)
    page.wait_for_function("document.getElementById('main').dataset.mode === 'clip'", timeout=LONG)
    timeline = page.locator("#timeline")
    box = timeline.bounding_box()
    assert box is not None
    timeline.click(position={"x": box["width"] * 0.7, "y": box["height"] / 2})
    page.wait_for_function("Math.abs(document.getElementById('video').currentTime - 2) < 0.7", timeout=LONG)
    with page.expect_download(timeout=LONG) as waiting:
        page.click("#csv")
    assert waiting.value.suggested_filename.endswith(".csv")


def test_what_is_no_picture_is_told(page: Page, tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"no picture")
    page.set_input_files("#file", tmp_path / "x.jpg")
    expect(page.locator("#message")).to_be_visible(timeout=LONG)


def test_a_lost_server_is_told_and_found_again(context: BrowserContext) -> None:
    server = Server()
    try:
        page = context.new_page()
        page.goto(server.address)
        started(page)
        server.kill()
        expect(page.locator("#message")).to_be_visible(timeout=LONG)
        server.start()
        expect(page.locator("#message")).to_be_hidden(timeout=LONG)
        page.wait_for_selector(FACE, timeout=LONG)
    finally:
        server.kill()


def test_a_denied_camera_is_told(playwright: Playwright, server: Server) -> None:
    browser = launched(playwright, "--use-fake-device-for-media-stream", "--deny-permission-prompts")
    try:
        page = browser.new_context(locale="en-GB").new_page()
        page.goto(server.address)
        page.click("#start")
        expect(page.locator("#message")).to_contain_text(re.compile("camera", re.I), timeout=LONG)
    finally:
        browser.close()


def test_the_token_is_asked_for(context: BrowserContext) -> None:
    server = Server("--host", "0.0.0.0", "--token", "secret")
    try:
        page = context.new_page()
        page.goto(server.address)
        page.click("#start")
        page.fill("#token", "secret", timeout=LONG)
        page.click("#token-send")
        page.wait_for_selector(FACE, timeout=LONG)
    finally:
        server.kill()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_violation_of_accessibility(browser: Browser, server: Server, scheme: str) -> None:
    context = browser.new_context(permissions=["camera"], color_scheme=scheme, locale="en-GB")  # type: ignore[arg-type]
    try:
        page = context.new_page()
        page.goto(server.address)
        found = serious(page)
        started(page)
        found += serious(page)
        page.keyboard.press("?")
        assert found + serious(page) == []
    finally:
        context.close()


def serious(page: Page) -> list[str]:
    violations = Axe().run(page).response["violations"]
    return [
        f"{one['id']}: {one['help']} {[node['target'] for node in one['nodes']]}"
        for one in violations
        if one["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("language", "word"), [("en-GB", "Start"), ("uk-UA", "Почати")])
def test_both_languages_fit_on_a_phone(browser: Browser, server: Server, language: str, word: str) -> None:
    context = browser.new_context(locale=language, viewport={"width": 390, "height": 844})
    try:
        page = context.new_page()
        page.goto(server.address)
        assert page.locator("html").get_attribute("lang") == language[:2]
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert word in page.locator("#start").inner_text()
    finally:
        context.close()


def block(language: str) -> str:
    """The client that the document shows."""
    text = (Path(__file__).parents[2] / "docs" / "api.md").read_text(encoding="utf-8")
    return text.split(f"```{language}\n")[1].split("```")[0]


def test_the_python_client_of_the_document(server: Server, grace_hopper: Path, tmp_path: Path) -> None:
    shutil.copy(grace_hopper, tmp_path / "photo.jpg")
    code = block("python").replace("http://127.0.0.1:8000/", server.address)
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("neutral 0.")


def test_the_javascript_client_of_the_document(page: Page, server: Server, grace_hopper: Path) -> None:
    code = block("javascript").replace("http://127.0.0.1:8000/", server.address)
    data = base64.b64encode(grace_hopper.read_bytes()).decode()
    said: list[str] = []
    page.on("console", lambda line: said.append(line.text))
    page.evaluate(f"""async () => {{
        const blob = new Blob([Uint8Array.from(atob("{data}"), (letter) => letter.charCodeAt(0))]);
        {code}
    }}""")
    assert len(said) == 1
    assert said[0].startswith("neutral 0.")


def test_the_policy_lets_no_foreign_script_run(context: BrowserContext, server: Server) -> None:
    page = context.new_page()
    page.goto(server.address)
    ran = page.evaluate("""() => {
        const script = document.createElement("script");
        script.textContent = "window.foreign = 1";
        document.head.append(script);
        return "foreign" in window;
    }""")
    assert not ran
