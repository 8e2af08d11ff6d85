"""The page in headless Chromium: what a user does with mouse, finger and keys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.photos import save
from tests.report.browser import open_page, start
from tests.report.pages import outcome_of, write_long_page, write_page

LOADS, MARGIN = 3, 3  # the figures are printed; machines that test are shared and busy
RED, BLUE = (220, 30, 30), (30, 30, 220)
HOSTILE = (
    "</script><img src=x onerror=alert(1)>.png",
    "<!--<script>alert(1)--x.png",
    "\"'><svg onload=alert(1)>.png",
    "javascript:alert(1).png",
    "`${alert(1)}`&lt;b&gt;.png",
    "a\nb\u202egpj.png",
    "{items}{pictures}{script}.png",
)


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    yield from start()


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six items: names, instructions, statuses and amounts of change all differ in their order."""
    folder = tmp_path_factory.mktemp("page")
    items = (
        ("b10", "make it night", "done", BLUE, None),
        ("b9", "add fog", "done", (200, 30, 30), None),
        ("a", "make it night", "flagged", (140, 30, 30), "a face, perhaps"),
        ("broken", "make it night", "failed", None, "it is damaged; export it again"),
        ("c", "add fog", "skipped", BLUE, None),
        ("wide", "make it night", "done", (90, 200, 30), None),
    )
    outcomes = []
    for name, instruction, status, after, reason in items:
        size = (400, 40) if name == "wide" else (400, 300)
        source = save(folder / "photos" / f"{name}.png", Image.new("RGB", size, RED))
        output = folder / "edited" / f"{name}.png"
        if after is not None:
            save(output, Image.new("RGB", size, after))
        chain = (instruction, "add snow") if name == "c" else (instruction,)
        outcomes.append(outcome_of(source, output, chain, status, reason, seed=7))
    for place, pixels in ((0, 0.45), (1, 0.05), (2, 0.15)):
        outcomes[place] = replace(outcomes[place], change={"pixels": pixels})
    return write_page(folder / "page.html", outcomes)


@pytest.fixture
def page(browser: Any, page_file: Path) -> Iterator[Any]:
    opened = open_page(browser, page_file)
    yield opened
    assert opened.errors == []
    opened.context.close()


def names(page: Any) -> list[str]:
    return [name.removesuffix(".png") for name in page.locator(".card h2").all_text_contents()]


def colour_at(page: Any, compare: Any, share: float, tmp_path: Path) -> str:
    """Whether the pixel at that share of the width is red (before) or not."""
    compare.screenshot(path=str(tmp_path / "shot.png"))
    shot = Image.open(tmp_path / "shot.png").convert("RGB")
    red, _, blue = shot.getpixel((int(share * (shot.width - 1)), shot.height // 3))  # type: ignore[misc]
    return "before" if red > blue else "after"


def slider_of(page: Any, name: str) -> Any:
    return page.locator(f'.card input[aria-label^="{name}.png"]')


def test_the_slider_moves_by_mouse_and_by_keys(page: Any, tmp_path: Path) -> None:
    compare = page.locator(".card .compare").first
    page.wait_for_function("document.querySelector('.compare .after').naturalWidth > 0")
    assert [colour_at(page, compare, share, tmp_path) for share in (0.25, 0.75)] == ["before", "after"]
    box = compare.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.5, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.9, middle, steps=4)
    page.mouse.up()
    assert colour_at(page, compare, 0.75, tmp_path) == "before"
    page.mouse.move(box["x"] + box["width"] * 0.1, middle)
    assert colour_at(page, compare, 0.75, tmp_path) == "before", "it follows the mouse only while a button is down"
    slider = slider_of(page, "b10")
    value = int(slider.input_value())
    assert 88 <= value <= 92
    for _ in range(3):
        page.keyboard.press("ArrowLeft")
    assert int(slider.input_value()) == value - 3
    page.keyboard.press("Home")
    assert colour_at(page, compare, 0.25, tmp_path) == "after"
    page.keyboard.press(" ")
    assert colour_at(page, compare, 0.9, tmp_path) == "before"


def test_the_filters_filter(page: Any) -> None:
    assert names(page) == ["b10", "b9", "a", "broken", "c", "wide"]
    page.get_by_label("failed 1").check(force=True)
    assert names(page) == ["broken"]
    page.get_by_text("it is damaged; export it again").wait_for()  # it is drawn when the browser gets to it
    page.get_by_label("all 6").check(force=True)
    page.get_by_label("Instruction").select_option("add fog → add snow")
    assert names(page) == ["c"]
    page.get_by_label("Instruction").select_option("make it night")
    assert names(page) == ["b10", "a", "broken", "wide"]
    assert page.locator("#shown").inner_text() == "4 of 6 photos"
    page.get_by_role("searchbox").fill("WID")
    assert names(page) == ["wide"]
    page.get_by_role("searchbox").fill("nothing like that")
    page.get_by_role("button", name="Show all").click()
    assert len(names(page)) == 6


def test_sorting_sorts(page: Any) -> None:
    sort = page.get_by_label("Sort by")
    sort.select_option("most")
    most = names(page)
    assert most.index("b10") < most.index("a") < most.index("b9") < most.index("broken")
    assert most[0] in ("c", "b10"), "the change of a skipped item is measured on its pictures"
    sort.select_option("least")
    assert names(page)[0] == "b9"
    assert names(page)[-1] == "broken", "what has no figure comes last either way"
    sort.select_option("name")
    assert names(page) == ["a", "b9", "b10", "broken", "c", "wide"], "numbers count as numbers"


def test_the_keyboard_alone(page: Any) -> None:
    focused = (
        "document.activeElement.getAttribute('aria-label') ?? document.activeElement.querySelector('h2')?.textContent"
    )
    page.keyboard.press("j")
    assert page.evaluate(focused).startswith("b10.png")
    page.keyboard.press("j")
    page.keyboard.press("j")
    assert page.evaluate(focused).startswith("a.png")
    page.keyboard.press("k")
    page.keyboard.press("Enter")
    large = page.get_by_role("dialog")
    assert large.is_visible()
    assert page.locator("#large-name").inner_text() == "b9.png"
    assert page.locator("#large-place").inner_text() == "2 / 6"
    page.keyboard.press("ArrowRight")
    assert large.locator("input").input_value() == "51"
    page.keyboard.press("j")
    assert page.locator("#large-name").inner_text() == "a.png"
    page.keyboard.press("j")
    assert page.locator("#large-name").inner_text() == "broken.png"
    for _ in range(9):
        page.keyboard.press("j")
    assert page.locator("#large-name").inner_text() == "wide.png", "the last is the last"
    page.keyboard.press("Escape")
    assert not large.is_visible()
    assert page.evaluate(focused).startswith("wide.png"), "one is where one was"
    page.keyboard.press("/")
    page.keyboard.type("jk")
    assert page.get_by_role("searchbox").input_value() == "jk", "in a field the keys are letters"


def test_settings_and_the_large_view(page: Any) -> None:
    card = page.locator(".card", has_text="b10")
    card.get_by_text("Settings").click()
    text = card.locator("dl").inner_text()
    for part in (
        "Seed\n7",
        "Steps\n5",
        "Text guidance\n2.5 (the model's own)",
        "Sampler\nddim",
        "Change: pixels\n45 %",
    ):
        assert part in text
    card.get_by_role("button", name="Large view of b10.png").click()
    page.locator("#large-stage .sharp").wait_for()
    assert page.locator("#large-stage .after").get_attribute("src").endswith("edited/b10.png"), "the output itself"
    page.get_by_role("button", name="Next photo").click()
    page.get_by_role("button", name="Close").click()
    assert not page.get_by_role("dialog").is_visible()


def test_it_does_without_the_files(browser: Any, page_file: Path, tmp_path: Path) -> None:
    moved = tmp_path / "moved.html"
    moved.write_bytes(page_file.read_bytes())
    page = open_page(browser, moved)
    page.locator(".enlarge").first.click()
    after = page.locator("#large-stage .after")
    assert after.get_attribute("src").startswith("data:image/webp;base64,")
    assert after.evaluate("async image => { await image.decode(); return image.naturalWidth }") == 400
    page.context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_on_a_phone(browser: Any, page_file: Path, scheme: str) -> None:
    page = open_page(browser, page_file, color_scheme=scheme, has_touch=True, is_mobile=True)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") <= 360, "nothing sticks out"
    box = page.locator(".card .compare").first.bounding_box()
    page.touchscreen.tap(box["x"] + box["width"] * 0.2, box["y"] + 20)
    assert 17 <= int(slider_of(page, "b10").input_value()) <= 23
    page.locator(".enlarge").first.tap()
    assert page.get_by_role("dialog").is_visible()
    assert page.errors == []
    page.context.close()


CONTRAST = Path(__file__).with_name("contrast.js").read_text(encoding="utf-8")
UNNAMED = """[...document.querySelectorAll("main button, main input, form select, form input")]
    .filter((control) => !control.ariaLabel && !control.labels?.length).length"""
SORT = """() => {
    const start = performance.now(), sort = document.getElementById("sort");
    sort.value = "most";
    sort.dispatchEvent(new Event("input", { bubbles: true }));
    return document.body.offsetHeight && performance.now() - start;
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_and_labels(browser: Any, page_file: Path, scheme: str) -> None:
    page = open_page(browser, page_file, color_scheme=scheme)
    assert page.evaluate(CONTRAST) == []
    assert page.evaluate(UNNAMED) == 0
    assert page.locator("img:not([alt])").count() == 0
    page.context.close()


def test_hostile_names_are_inert(browser: Any, tmp_path: Path) -> None:
    outcomes = []
    for name in HOSTILE:  # the first has a folder in it, which is called "<"
        source = save(tmp_path / "photos" / name, Image.new("RGB", (40, 30), RED))
        output = save(tmp_path / "edited" / name, Image.new("RGB", (40, 30), BLUE))
        outcomes.append(outcome_of(source, output, (name, name), "flagged", name, relative=name, recipe=name))
    page = open_page(browser, write_page(tmp_path / "page.html", outcomes))
    page.wait_for_function("document.querySelectorAll('.compare .after[src]').length === 7")
    assert page.locator(".instruction").first.inner_text().count("</script><img src=x onerror=alert(1)>.png") == 2
    assert page.locator("main svg, main script, img[src=x]").count() == 0
    assert "\u202e" not in page.content(), "nothing turns the writing round"
    for _ in HOSTILE:
        page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.locator("#large-stage .sharp").wait_for()
    assert page.errors == []
    page.context.close()


def test_the_policy_stops_what_would_get_in(browser: Any, page_file: Path) -> None:
    page = open_page(browser, page_file)
    page.evaluate("document.body.insertAdjacentHTML('beforeend', '<img src=data:, onerror=\"window.got = 1\">')")
    page.evaluate(
        "const s = document.createElement('script'); s.textContent = 'window.got = 1'; document.body.append(s)"
    )
    page.wait_for_timeout(100)
    assert page.evaluate("window.got") is None
    assert len(page.errors) >= 2, "the browser says what it stopped"
    page.context.close()


def test_two_thousand_photos(browser: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = write_long_page(tmp_path / "page.html", 2000)
    seconds = []
    for _ in range(LOADS):
        page = open_page(browser, path)
        page.wait_for_function("document.querySelector('.card .after').naturalWidth > 0")
        seconds.append(page.evaluate("performance.getEntriesByType('navigation')[0].loadEventEnd / 1000"))
        if len(seconds) < LOADS:
            page.context.close()
    seen = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime / 1000")
    sorting = page.evaluate(SORT)
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    page.wait_for_function("[...document.querySelectorAll('.card')].at(-1).querySelector('.after').naturalWidth > 0")
    with_pictures = page.locator(".compare .after[src]").count()
    with capsys.disabled():
        size, times = path.stat().st_size / 1e6, ", ".join(f"{time:.2f}" for time in seconds)
        print(f"\n2,000 photos, {size:.0f} MB: loaded in {times} s, seen in {seen:.2f} s, sorted in {sorting:.0f} ms")
    assert page.locator(".card").count() == 2000
    assert with_pictures < 100, "far from the window there are none"
    assert min(seconds) < 2 * MARGIN
    assert page.errors == []
    page.context.close()
