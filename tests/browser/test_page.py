"""The page in headless Chromium, opened from disk: tenants are chosen, found and let go, by mouse and by keys, and nothing fails."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest

from tests.applications import environment, sandbox
from tests.cli.test_report import SHOP, reported, sandlane
from tests.reports.page.test_page import BASE, contrast

webdriver = pytest.importorskip("selenium.webdriver", reason="selenium is not installed (extra browser)")
from selenium.webdriver.chrome.service import Service  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="Chromium and its driver are not installed"),
]
MANY = 1000


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--force-prefers-reduced-motion"):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(DRIVER))
    yield driver
    driver.quit()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("page") / "shop"
    shutil.copytree(SHOP, place)
    assert sandlane(place, "report", "-o", "site").exit_code == 0
    return (place / "site" / "index.html").as_uri()


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> str:
    place = tmp_path_factory.mktemp("many")
    (place / "base.yaml").write_text(BASE)
    specs = [sandbox(f"dev{n}", [{"name": "api", "image": f"api:{n}"}], owner=f"owner{n % 7}") for n in range(MANY)]
    done, _ = reported(place, environment(), specs)
    assert done.exit_code == 0
    return (place / "site" / "index.html").as_uri()


@pytest.fixture(autouse=True)
def quiet(browser: Any) -> Iterator[None]:
    """Every test ends without an error on the console, of the page's policy or of its script."""
    browser.get_log("browser")
    yield
    assert browser.get_log("browser") == []


def shown(browser: Any) -> list[str]:
    return [str(e.text) for e in browser.find_elements("css selector", "#list li:not([hidden]) .name")]


def texts(browser: Any, selector: str) -> list[str]:
    return [str(e.text).replace("\n", " ") for e in browser.find_elements("css selector", selector)]


def opened(browser: Any, page: str, part: str = "") -> None:
    browser.get("about:blank")
    browser.get(page + part)


def test_a_tenant_that_is_chosen_shows_its_clones_and_the_way_to_them(browser: Any, shop: str) -> None:
    opened(browser, shop)
    assert texts(browser, "#chosen") == [""]
    browser.find_element("css selector", '#list a[href="#sandbox=xdev1"]').click()
    assert texts(browser, ".node.clone") == ["payment payment-xdev1"]
    assert sorted(texts(browser, ".node.way:not(.clone)")) == ["checkout", "shop-gateway Gateway", "storefront"]
    ways = browser.find_elements("css selector", ".edge.way title")
    assert sorted(str(e.get_attribute("textContent")).partition(" (")[0] for e in ways) == [
        "checkout → payment", "shop-gateway → storefront", "storefront → checkout",
    ]  # fmt: skip
    assert texts(browser, "#chosen h2 span:first-child") == ["xdev1"]
    assert texts(browser, "#chosen pre")[0] == "tenantID: xdev1"
    assert texts(browser, "#chosen tbody th, #chosen tbody td b") == ["payment:5060", "payment-xdev1"]
    assert texts(browser, "#matrix thead th") == ["Service and port", "No tenant", "xdev1", "dev1", "dev10"]
    browser.find_element("css selector", "#chosen h2 button").click()
    assert (browser.find_elements("css selector", ".clone rect, .way rect"), texts(browser, "#chosen")) == ([], [""])


def test_a_link_leads_to_a_tenant(browser: Any, shop: str) -> None:
    opened(browser, shop, "#sandbox=dev1")
    assert texts(browser, "#list a[aria-current] .name") == ["dev1"]
    opened(browser, shop, "#sandbox=nobody")
    assert texts(browser, "#list a[aria-current] .name") == []
    opened(browser, shop, "#find=%E0%A4%A")
    assert shown(browser) == ["dev1", "dev10", "xdev1"]


def test_a_box_of_the_picture_finds_who_cloned_it(browser: Any, shop: str) -> None:
    opened(browser, shop)
    browser.execute_script("document.querySelector('a[href=\"#find=payment\"]').dispatchEvent(new MouseEvent('click'))")
    browser.execute_script("location.hash = '#find=payment'")
    assert shown(browser) == ["xdev1"]
    assert texts(browser, "#count") == ["1 of 3 sandboxes"]


def test_keys_alone(browser: Any, shop: str) -> None:
    opened(browser, shop)
    press(browser, "/")
    press(browser, "dana")
    assert shown(browser) == ["dev1"]
    press(browser, Keys.ARROW_DOWN)
    press(browser, Keys.ENTER)
    assert texts(browser, "#chosen h2 span:first-child") == ["dev1"]
    press(browser, Keys.ESCAPE)
    assert shown(browser) == ["dev1", "dev10", "xdev1"]
    press(browser, Keys.ESCAPE)
    assert texts(browser, "#chosen") == [""]
    press(browser, Keys.ARROW_DOWN)
    press(browser, Keys.ARROW_DOWN)
    assert focused(browser) == "#sandbox=xdev1"
    press(browser, Keys.ARROW_UP)
    press(browser, Keys.ARROW_UP)
    press(browser, Keys.ARROW_UP)
    assert browser.switch_to.active_element.get_attribute("id") == "search"


def press(browser: Any, keys: str) -> None:
    browser.switch_to.active_element.send_keys(keys)


def focused(browser: Any) -> str:
    return "#" + str(browser.switch_to.active_element.get_attribute("href")).partition("#")[2]


def test_every_client_has_its_set_up(browser: Any, shop: str) -> None:
    opened(browser, shop, "#sandbox=dev1")
    buttons = browser.find_elements("css selector", ".clients button")
    assert [b.text for b in buttons] == ["curl", "grpcurl", "httpie", "k6", "modheader", "playwright"]
    for button in buttons:
        button.click()
        assert texts(browser, '.clients [aria-pressed="true"]') == [button.text]
        assert "dev1" in texts(browser, "#chosen pre")[1]


def test_the_header_is_copied(browser: Any, shop: str) -> None:
    opened(browser, shop, "#sandbox=dev1")
    button = browser.find_element("css selector", '[aria-label="Copy the header"]')
    button.click()
    browser.execute_async_script("setTimeout(arguments[0], 300)")
    assert button.text == "Copied"


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [400, 1280])
def test_all_texts_can_be_read_and_nothing_hangs_out(browser: Any, shop: str, width: int, theme: str) -> None:
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    )
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": theme}]}
    )
    opened(browser, shop, "#sandbox=dev1")
    assert browser.execute_script("return document.documentElement.scrollWidth") <= width
    pairs = browser.execute_script(COLOURS)
    assert len(pairs) > 3
    assert [pair for pair in pairs if contrast(pair[0], pair[1]) < 4.5] == []


COLOURS = """
const hex = (text) => { const p = text.match(/[\\d.]+/g).map(Number);
  return p.length > 3 && p[3] === 0 ? null : '#' + p.slice(0, 3).map((n) => n.toString(16).padStart(2, '0')).join(''); };
const found = new Map();
for (const element of document.querySelectorAll('body *')) {
  const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim());
  if (!own || ['SCRIPT', 'STYLE', 'NOSCRIPT', 'title'].includes(element.tagName) || !element.getClientRects().length) continue;
  const style = getComputedStyle(element);
  let back = null;
  if (element instanceof SVGElement) {
    const box = element.closest('a') && element.closest('a').querySelector('rect');
    back = box ? hex(getComputedStyle(box).fill) : null;
  }
  for (let at = element; at && !back; at = at.parentElement) back = hex(getComputedStyle(at).backgroundColor);
  const front = hex(element instanceof SVGElement ? style.fill : style.color);
  found.set(front + back, [front, back, element.textContent.slice(0, 30)]);
}
return [...found.values()];
"""


def test_a_thousand_sandboxes(browser: Any, many: str) -> None:
    browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    opened(browser, many)
    assert texts(browser, "#count") == ["1,000 sandboxes"]
    assert len(browser.find_elements("css selector", "body *")) < 12 * MANY
    search = browser.find_element("css selector", "#search")
    search.send_keys("dev99 owner")
    assert shown(browser) == ["dev99", *(f"dev99{n}" for n in range(10))]
    search.clear()
    search.send_keys("dev999")
    browser.find_element("css selector", "#list li:not([hidden]) a").click()
    assert texts(browser, "#matrix thead th") == ["Service and port", "No tenant", "dev999"]
    search.clear()
    search.send_keys("dev")
    assert texts(browser, "#window") == ["1 to 7 of 999 tenants"]
    browser.find_element("css selector", "#on").click()
    assert texts(browser, "#window") == ["8 to 14 of 999 tenants"]
    # The work of one key, as the browser counts it, not by the clock of a busy machine.
    spent = browser.execute_script(WORK)
    assert spent["searched"] < 20 * MANY
    assert spent["chosen"] < 200


WORK = """
const count = (action) => { let n = 0; const seen = new MutationObserver((list) => { n += list.length; });
  seen.observe(document.body, {subtree: true, childList: true, attributes: true, characterData: true});
  action(); n += seen.takeRecords().length; seen.disconnect(); return n; };
const search = document.getElementById('search');
return {
  searched: count(() => { search.value = 'dev5'; search.dispatchEvent(new Event('input')); }),
  chosen: count(() => { document.querySelector('#list li:not([hidden]) a').click(); }),
};
"""


def test_printed_it_has_all_sandboxes_and_no_tools(browser: Any, shop: str) -> None:
    opened(browser, shop, "#sandbox=dev1")
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    hidden = browser.execute_script(
        "return ['button', '.tools', '.keys'].map((s) => [...document.querySelectorAll(s)]"
        ".every((e) => getComputedStyle(e).display === 'none' || !e.getClientRects().length))"
    )
    assert hidden == [True, True, True]
    assert shown(browser) == ["dev1", "dev10", "xdev1"]
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
