"""Parameters: declared once, typed, ranged (MGT-01, spec 0.4)."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from trunkline_kernel.faults import Fault, FieldViolation, TrunklineError
from trunkline_kernel.parameters import (
    AnyParameter,
    BadParameters,
    BoolParameter,
    EnumParameter,
    HexByteParameter,
    IntOrWordParameter,
    IntParameter,
    ListParameter,
    Parameters,
    StringParameter,
    UnknownParameter,
)

SESSION_TTL = IntParameter(
    "SS_SIP_SESSION_TTL", default=600, minimum=60, maximum=86400, unit="s", meaning="Expires."
)
SWITCH_LIMIT = IntOrWordParameter(
    "SS_GATEWAY_SWITCH_LIMIT", default=None, word="None", minimum=1, maximum=999, meaning="Limit."
)
REPLY = BoolParameter("SS_REPLY_UNAUTHORIZED", default=True, meaning="Whether to reply.")
PRIVACY = EnumParameter(
    "SS_SIP_USER_AGENT_PRIVACY",
    default="Ignore",
    words=("Ignore", "Id", "None"),
    meaning="Privacy.",
)
RESEND = ListParameter[float](
    "SS_SIP_RESEND_INTERVAL",
    default=(0.5, 1.0, 2.0),
    item=float,
    check=lambda seconds: 0.1 <= seconds <= 32,
    expected="a number in 0.1-32",
    meaning="Waits.",
)
QOS = HexByteParameter("SS_QOS_SIGNAL", default=0xA0, meaning="TOS.")
PORTS = StringParameter(
    "SS_RTP_PORT_RANGE",
    default="10000-39999",
    pattern=r"\d+-\d+",
    expected="FIRST-LAST",
    meaning="Ports.",
)
PRECISION = IntParameter(
    "SERVER_BILLING_FEE_PRECISION",
    default=2,
    minimum=0,
    maximum=4,
    aliases=("SERVER_BILLING_FEE_PRECISTION",),
    meaning="Places.",
)
ALL: tuple[AnyParameter, ...] = (
    SESSION_TTL,
    SWITCH_LIMIT,
    REPLY,
    PRIVACY,
    RESEND,
    QOS,
    PORTS,
    PRECISION,
)


def test_a_value_below_the_range_is_refused_with_the_range_and_stays() -> None:
    parameters = Parameters(ALL)

    with pytest.raises(BadParameters, match="60-86400") as failure:
        parameters.plan({"SS_SIP_SESSION_TTL": "59"})

    assert failure.value.fault is Fault.INVALID_ARGUMENT
    assert parameters[SESSION_TTL] == 600


def test_an_unknown_name_is_not_found() -> None:
    with pytest.raises(UnknownParameter, match="SS_NO_SUCH") as failure:
        Parameters(ALL).plan({"SS_NO_SUCH": "1"})

    assert failure.value.fault is Fault.NOT_FOUND


def test_every_wrong_value_is_told_at_once() -> None:
    with pytest.raises(BadParameters) as failure:
        Parameters(ALL).plan({"SS_SIP_SESSION_TTL": "abc", "SS_QOS_SIGNAL": "0x100"})

    assert {violation.field for violation in failure.value.violations} == {
        "SS_SIP_SESSION_TTL",
        "SS_QOS_SIGNAL",
    }


@pytest.mark.parametrize("text", ["On", "on", "TRUE", "true", "1"])
def test_every_spelling_of_on_is_stored_as_on(text: str) -> None:
    assert REPLY.spell(REPLY.parse(text)) == "On"


@pytest.mark.parametrize("text", ["Off", "OFF", "False", "0"])
def test_every_spelling_of_off_is_stored_as_off(text: str) -> None:
    assert REPLY.spell(REPLY.parse(text)) == "Off"


@pytest.mark.parametrize(
    ("parameter", "text"),
    [
        (REPLY, "yes"),
        (PRIVACY, "Header"),
        (SWITCH_LIMIT, "0"),
        (SWITCH_LIMIT, "1000"),
        (RESEND, "0.5,33"),
        (RESEND, "0.5,,1"),
        (QOS, "160"),
        (PORTS, "10000"),
    ],
    ids=lambda value: value if isinstance(value, str) else value.name,
)
def test_what_is_not_permitted_is_refused(parameter: AnyParameter, text: str) -> None:
    with pytest.raises(TrunklineError) as failure:
        parameter.parse(text)

    assert failure.value.fault is Fault.INVALID_ARGUMENT


@given(st.integers(-10, 100_000))
def test_exactly_the_numbers_of_the_range_are_taken(number: int) -> None:
    try:
        taken = SESSION_TTL.parse(str(number)) == number
    except TrunklineError:
        taken = False

    assert taken == (60 <= number <= 86400)


def test_the_word_stands_for_no_number() -> None:
    parameters = Parameters(ALL)
    parameters.replace({"SS_GATEWAY_SWITCH_LIMIT": "5"})
    assert parameters[SWITCH_LIMIT] == 5

    parameters.replace({"SS_GATEWAY_SWITCH_LIMIT": "None"})

    assert parameters[SWITCH_LIMIT] is None


def test_an_alias_writes_the_one_value() -> None:
    (change,) = Parameters(ALL).plan({"SERVER_BILLING_FEE_PRECISTION": "3"})

    assert (change.parameter, change.old, change.new) == (PRECISION, "2", "3")


def test_an_alias_beside_its_own_name_is_refused() -> None:
    with pytest.raises(BadParameters, match="alias"):
        Parameters(ALL).plan(
            {"SERVER_BILLING_FEE_PRECISION": "3", "SERVER_BILLING_FEE_PRECISTION": "4"}
        )


def test_a_value_that_is_in_force_already_is_no_change() -> None:
    assert Parameters(ALL).plan({"SS_SIP_SESSION_TTL": "600", "SS_REPLY_UNAUTHORIZED": "1"}) == []


def test_values_that_do_not_fit_together_are_refused_together() -> None:
    def fits(parameters: Parameters) -> Iterable[FieldViolation]:
        if parameters[SESSION_TTL] > 1000 and not parameters[REPLY]:
            yield FieldViolation("SS_SIP_SESSION_TTL", "needs SS_REPLY_UNAUTHORIZED above 1000 s")

    parameters = Parameters(ALL, checks=[fits])

    assert len(parameters.plan({"SS_SIP_SESSION_TTL": "2000"})) == 1
    with pytest.raises(BadParameters, match="needs"):
        parameters.plan({"SS_SIP_SESSION_TTL": "2000", "SS_REPLY_UNAUTHORIZED": "Off"})


def test_a_name_that_is_declared_twice_is_our_mistake() -> None:
    with pytest.raises(ValueError, match="twice"):
        Parameters([SESSION_TTL, SESSION_TTL])


@given(st.lists(st.integers(1, 32).map(float)).map(tuple))
def test_a_list_reads_back_what_it_spells(waits: tuple[float, ...]) -> None:
    assert RESEND.parse(RESEND.spell(waits)) == waits
