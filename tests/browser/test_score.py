from typing import Any

from playwright.sync_api import Locator, Page, expect

from tests.browser.chromium import button, choose, prediction, score_example, settled, whole
from tests.browser.conftest import Visit
from tests.browser.stack import Stack

WORD = {"approve": "Approve", "decline": "Decline"}
WIDE = {"width": 1440, "height": 900}
TABS = 80  # more than the page has stops


def recorded(stack: Stack, prediction_id: str) -> dict[str, Any]:
    with stack.client() as client:
        return dict(client.get(f"/predictions/{prediction_id}").raise_for_status().json())


def focused(page: Page) -> str:
    """The words of the input, button or link that has the keyboard."""
    found = page.locator("input:focus, button:focus, a:focus")
    return found.evaluate("e => e.getAttribute('aria-label') || e.innerText") if found.count() else ""


def tab_to(page: Page, name: str) -> None:
    """Press Tab until a thing of this name has the keyboard."""
    for _ in range(TABS):
        if focused(page).split("\n")[-1] == name:  # an icon's name stands before a button's
            return
        page.keyboard.press("Tab")
    raise AssertionError(f"no Tab leads to {name!r}")


def test_example_applicant_is_scored_and_the_answer_is_the_recorded_one(
    visit: Visit, stack: Stack, applicant: dict[str, Any], titles: dict[str, str]
) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"], viewport=WIDE)
    expect(page).to_have_title("Lastro")
    for title in titles.values():
        expect(page.get_by_label(title).first).to_be_visible()
    found = recorded(stack, score_example(page))
    assert found["inputs"] == applicant
    beside_the_form(page, page.get_by_role("heading", name=WORD[found["decision"]]))
    expect(page.get_by_role("img", name=f"Score {found['score']} on a scale")).to_be_visible()
    expect(page.get_by_text(f"{found['probability_of_default']:.1%}").first).to_be_visible()
    for reason in found["reasons"]:
        expect(page.get_by_role("listitem").filter(has_text=titles[reason["feature"]]).first).to_be_visible()
    page.get_by_text("Where this score comes from").click()
    expect(page.get_by_text(found["model"]["sha256"])).to_be_visible()
    page.get_by_test_id("stCode").hover()
    button(page, "Copy to clipboard").click()
    assert page.evaluate("navigator.clipboard.readText()").strip() == found["prediction_id"]
    what_if(page, stack, found, titles)
    whole(page)


def beside_the_form(page: Page, decided: Locator) -> None:
    """The decision is in sight to the right of the form, wherever that was scrolled to."""
    for top in (0, 10_000):
        page.get_by_test_id("stMain").evaluate("(main, top) => main.scrollTo(0, top)", top)
        expect(decided).to_be_in_viewport(ratio=1)
        expect(button(page, "Score")).to_be_in_viewport(ratio=1)
    form, answer = page.get_by_test_id("stForm").bounding_box(), decided.bounding_box()
    assert form is not None
    assert answer is not None
    assert answer["x"] > form["x"] + form["width"]


def what_if(page: Page, stack: Stack, old: dict[str, Any], titles: dict[str, str]) -> None:
    """Change one number, and see the old and the new score; the answer stays."""
    inputs = old["inputs"]
    name = next(key for key, value in inputs.items() if isinstance(value, int))
    choose(page, "Fact to change", titles[name])
    expect(page.get_by_text("still as in the form")).to_be_visible()
    page.get_by_role("spinbutton", name=titles[name]).last.fill(str(inputs[name] + 12))
    page.keyboard.press("Enter")
    metrics = page.get_by_test_id("stMetricValue")
    expect(metrics).to_have_count(2)
    with stack.client() as client:
        new = client.post("/predict", json={**inputs, name: inputs[name] + 12}).json()
    assert [int(each) for each in metrics.all_inner_texts()] == [old["score"], new["score"]]
    assert prediction(page) == old["prediction_id"]


def test_form_is_filled_scored_and_left_by_the_keyboard_alone(
    visit: Visit, stack: Stack, applicant: dict[str, Any], titles: dict[str, str]
) -> None:
    page = visit()
    tab_to(page, "Example applicant")
    page.keyboard.press("Enter")
    settled(page)
    name = next(key for key, value in applicant.items() if isinstance(value, int))
    tab_to(page, page.get_by_role("spinbutton", name=titles[name]).get_attribute("aria-label") or "")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type(str(applicant[name] + 6))
    tab_to(page, "Score")
    page.keyboard.press("Enter")
    assert recorded(stack, prediction(page))["inputs"] == {**applicant, name: applicant[name] + 6}
