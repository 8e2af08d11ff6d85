"""Makes the README's picture of the report page: `python docs/pictures/make_report.py`. It needs a Chromium."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
PHOTOS = HERE.parents[1] / "examples" / "photos"
RECIPE = """
schema = 1
name = "looks"
[[step]]
instruction = "{look}"
[matrix]
look = ["deep snow has covered it all", "the evening sun sets on them"]
"""


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        recipe, page = Path(folder, "looks.toml"), Path(folder, "page.html")
        recipe.write_text(RECIPE, encoding="utf-8")
        command = ["apply", str(recipe), str(PHOTOS), "-o", str(Path(folder, "edited")), "--report", str(page)]
        subprocess.run([sys.executable, "-m", "ip2p_cli", *command], check=True)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=shutil.which("chromium"))
            window = browser.new_page(viewport={"width": 1280, "height": 860})
            window.goto(page.as_uri())
            window.wait_for_function("document.querySelectorAll('.compare .after[src]').length >= 6")
            window.locator("#run").evaluate(
                "line => line.textContent = line.textContent.replace(/ · .* · ip2p/, ' · ip2p')"
            )
            window.screenshot(path=str(HERE / "report.jpg"), type="jpeg", quality=82, animations="disabled")
            browser.close()


if __name__ == "__main__":
    main()
