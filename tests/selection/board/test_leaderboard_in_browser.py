"""The page in a real browser: it sorts, opens, shows text as text and asks for nothing else."""

import importlib.util
import json
import os
import shutil

import pytest

from deeplab_nas.selection.board import leaderboard_page, standings
from tests.selection.board import boards
from tests.selection.board.boards import HOSTILE

pytestmark = pytest.mark.slow

_FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update"),
)
BOARD = boards.realistic(24)
RANKED = standings.rank(BOARD)


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium with an empty profile, driven by selenium."""
    programs = {name: shutil.which(name) for name in ("chromium", "chromedriver")}
    missing = [name for name, path in programs.items() if not path]
    if not importlib.util.find_spec("selenium"):
        missing.append("selenium")
    if missing:
        reason = (
            f"Expected {', '.join(missing)}, found none: apt-get install chromium chromium-driver, "
            "and pip install selenium."
        )
        # Where the tests decide about a change, nothing may be left out.
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(reason)
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    options.binary_location = programs["chromium"]
    for flag in (*_FLAGS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    service = webdriver.ChromeService(programs["chromedriver"])
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def show(browser, tmp_path):
    """Opens the page of a leaderboard; afterwards nothing was reported, nothing else asked for."""
    path = tmp_path / leaderboard_page.FILE

    def opened(board, width=1280, dark=False):
        leaderboard_page.write(path, board)
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        browser.get_log("browser"), browser.get_log("performance")
        # Another page first, since a page that is only told another place is not loaded again.
        browser.get("about:blank")
        browser.get(path.as_uri())
        return browser

    yield opened
    assert browser.get_log("browser") == []
    messages = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {
        message["params"]["request"]["url"].partition("#")[0]
        for message in messages
        if message["method"] == "Network.requestWillBeSent"
    }
    assert asked - {"about:blank", "data:,"} == {path.as_uri()}


def find(browser, selector):
    return browser.find_elements("css selector", selector)


def column(browser, title):
    """The texts of a column of the table of networks, from the top."""
    return browser.execute_script(
        """
        const heads = Array.from(document.querySelectorAll('.networks thead th'));
        const number = heads.findIndex(head => head.textContent.startsWith(arguments[0]));
        const rows = Array.from(document.querySelectorAll('.networks > tbody > tr:first-child'));
        return rows.map(row => row.cells[number].textContent);
        """,
        title,
    )


def head(browser, title):
    heads = find(browser, ".networks thead th")
    return next(each for each in heads if each.get_attribute("textContent").startswith(title))


def sort(browser, title):
    """Clicks on the head of a column; returns what the head then says of its order."""
    head(browser, title).find_element("css selector", "button").click()
    orders = {each.get_attribute("aria-sort") for each in find(browser, ".networks thead th")}
    order = head(browser, title).get_attribute("aria-sort")
    assert orders == {None, order}
    return order


def test_a_click_on_a_head_sorts_and_another_one_sorts_back(show):
    browser = show(BOARD)
    assert head(browser, "rank").get_attribute("aria-sort") == "ascending"
    ranks = [str(number + 1) for number in range(24)]
    assert column(browser, "rank") == ranks
    falling = [f"{miou:.4f}" for miou in sorted((each.miou for each in RANKED), reverse=True)]
    assert sort(browser, "mean IoU") == "descending"
    assert column(browser, "mean IoU") == falling
    assert sort(browser, "mean IoU") == "ascending"
    assert column(browser, "mean IoU") == falling[::-1]
    costs = sorted(each.multiply_adds for each in BOARD.candidates)
    assert sort(browser, "multiply-adds") == "ascending"
    assert column(browser, "multiply-adds") == [f"{cost / 1e9:.3f}" for cost in costs]
    # By numbers where names have some: 2 before 10.
    assert sort(browser, "network") == "ascending"
    assert column(browser, "network") == [f"random_{number + 1}" for number in range(24)]
    # What has no value stands last, whichever way the others stand.
    for order in ("descending", "ascending"):
        assert sort(browser, "95% interval") == order
        intervals = column(browser, "95% interval")
        known = [text for text in intervals if text != "\N{EN DASH}"]
        assert 0 < len(known) < len(intervals) and intervals[: len(known)] == known
    sort(browser, "rank")
    assert column(browser, "rank") == ranks


def test_the_keyboard_sorts_and_opens(show):
    from selenium.webdriver.common.keys import Keys

    browser = show(BOARD)
    head(browser, "parameters").find_element("css selector", "button").send_keys(Keys.ENTER)
    assert head(browser, "parameters").get_attribute("aria-sort") == "ascending"
    toggle = find(browser, ".toggle")[0]
    details = browser.find_element("id", toggle.get_attribute("aria-controls"))
    for is_open in (True, False):
        toggle.send_keys(Keys.SPACE)
        assert details.is_displayed() == is_open
        assert toggle.get_attribute("aria-expanded") == str(is_open).lower()


def test_the_picture_has_as_many_dots_as_networks_and_leads_to_them(show):
    from selenium.webdriver.common.action_chains import ActionChains

    for width, name in ((1280, ".plot:not(.narrow)"), (390, ".plot.narrow")):
        browser = show(BOARD, width, dark=width < 600)
        shown = [plot for plot in find(browser, ".plot") if plot.is_displayed()]
        assert shown == find(browser, name)
        dots = find(browser, f"{name} .dot")
        assert len(dots) == 24
        # Nothing but the table scrolls sideways.
        assert browser.execute_script("return document.documentElement.scrollWidth <= innerWidth")
        # The best is drawn last.
        best = RANKED[0].candidate
        ActionChains(browser).move_to_element(dots[-1]).perform()
        (tip,) = find(browser, ".tip")
        assert tip.is_displayed() and tip.text.startswith(f"{best.name} ({best.arm})")
        assert f"{RANKED[0].miou:.4f}" in tip.text
        dots[-1].find_element("css selector", "circle").click()
        assert browser.current_url.endswith("#network-1")
        (row,) = find(browser, "#network-1-more")
        assert row.is_displayed() and row.find_element("css selector", "figure svg").is_displayed()
        summary = row.find_element("css selector", "summary")
        assert "sky" not in row.text
        summary.click()
        assert "sky" in row.text


def test_colours_follow_the_scheme(show):
    shades = {}
    for dark in (False, True):
        browser = show(BOARD, dark=dark)
        script = "return getComputedStyle(document.querySelector(arguments[0]))[arguments[1]]"
        paper = browser.execute_script(script, "body", "backgroundColor")
        ink = browser.execute_script(script, ".plot .name", "fill")
        shades[dark] = [sum(map(int, color[4:-1].split(","))) for color in (paper, ink)]
    assert shades[False][0] > 700 > 200 > shades[False][1]
    assert shades[True][1] > 600 > 200 > shades[True][0]


def test_markup_in_names_is_shown_as_text(show):
    browser = show(boards.hostile())
    names = column(browser, "network")
    assert sorted(names) == [f"{HOSTILE}{number}" for number in range(4)]
    assert len(find(browser, "script")) == 1 and not find(browser, "img")
    toggle = find(browser, ".toggle")[0]
    toggle.click()
    (details,) = (row for row in find(browser, "tr.more") if row.is_displayed())
    details.find_element("css selector", "summary").click()
    classes = details.find_elements("css selector", "details th")
    assert [each.get_attribute("textContent") for each in classes] == [HOSTILE]
    labels = [dot.get_attribute("aria-label") for dot in find(browser, ".dot")]
    assert all(label.startswith(HOSTILE) for label in labels)
    # An alert would have kept the browser from answering.
    assert browser.title == "Leaderboard"
