"""Reservations as rows: `terms` never changes, `progress` changes with every Extend."""

import json
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from ..cdrs.cdr import Party
from ..charging.reservation import CallStart, Hold, Reservation, Terms
from ..money import Currency, Rounding
from ..packages.package import GiftPart
from ..rating.deck import CallLevel
from ..rating.tariff import RatingRules, Section, Tariff
from ..reasons import BillingMode

SECOND: Final = timedelta(seconds=1)
MILLISECOND: Final = timedelta(milliseconds=1)
MICROSECOND: Final = timedelta(microseconds=1)

Json = dict[str, Any]


def encode_reservation(held: Reservation) -> dict[str, object]:
    """Return the row of a reservation."""
    return {
        "call_id": held.call_id,
        "account": held.start.account,
        "lease_until": held.lease_until,
        "terms": json.dumps(_terms(held)),
        "progress": json.dumps(_progress(held)),
    }


def decode_reservation(row: Mapping[str, Any]) -> Reservation:
    """Return the reservation of a row."""
    terms, progress = json.loads(row["terms"]), json.loads(row["progress"])
    start, rating = terms["start"], terms["rating"]
    return Reservation(
        start=CallStart(
            call_id=row["call_id"],
            signaling_instance=start["signaling_instance"],
            account=row["account"],
            caller=start["caller"],
            callee=start["callee"],
            setup_time=datetime.fromisoformat(start["setup_time"]),
            billing_mode=BillingMode(start["billing_mode"]),
            endpoint=Party(**start["endpoint"]),
            callee_account=start["callee_account"],
        ),
        holds=tuple(
            Hold(_decode_terms(one), Decimal(amount), _decode_gifts(parts))
            for one, amount, parts in zip(
                terms["parties"], progress["amounts"], progress["gifts"], strict=True
            )
        ),
        rating=RatingRules(
            rating["precision_ms"] * MILLISECOND,
            rating["free_s"] * SECOND,
            Rounding(rating["decimals"], rating["unit"]),
        ),
        advance=terms["advance_s"] * SECOND,
        max_talk=_span(terms["max_talk_s"]),
        granted=_span(progress["granted_s"]),
        lease_until=row["lease_until"],
        end_at=_span(progress["end_at_s"]),
        proven=progress["proven_us"] * MICROSECOND,
        answered_at=_moment(progress["answered_at"]),
    )


def _terms(held: Reservation) -> Json:
    start, rating = held.start, held.rating
    return {
        "start": {
            "signaling_instance": start.signaling_instance,
            "caller": start.caller,
            "callee": start.callee,
            "setup_time": start.setup_time.isoformat(),
            "billing_mode": start.billing_mode,
            "endpoint": _party(start.endpoint),
            "callee_account": start.callee_account,
        },
        "rating": {
            "precision_ms": rating.hold_time_precision // MILLISECOND,
            "free_s": rating.free_time // SECOND,
            "decimals": rating.rounding.precision,
            "unit": rating.rounding.unit,
        },
        "advance_s": held.advance // SECOND,
        "max_talk_s": _seconds(held.max_talk),
        "parties": [_encode_terms(hold.terms) for hold in held.holds],
    }


def _party(party: Party) -> Json:
    return {"kind": party.kind, "name": party.name, "ip": party.ip, "port": party.port}


def _progress(held: Reservation) -> Json:
    return {
        "amounts": [str(hold.amount) for hold in held.holds],
        "gifts": [
            [(part.order, part.gift, part.time // SECOND) for part in hold.gifts]
            for hold in held.holds
        ],
        "granted_s": _seconds(held.granted),
        "end_at_s": _seconds(held.end_at),
        "proven_us": held.proven // MICROSECOND,
        "answered_at": held.answered_at.isoformat() if held.answered_at else None,
    }


def _decode_gifts(parts: Iterable[tuple[str, int, int]]) -> tuple[GiftPart, ...]:
    return tuple(GiftPart(order, gift, time * SECOND) for order, gift, time in parts)


def _encode_terms(terms: Terms) -> Json:
    return {
        "account": terms.account,
        "currency": terms.currency,
        "rate_group": terms.rate_group,
        "prefix": terms.prefix,
        "level": terms.level,
        "holder": terms.holder,
        "tariff": encode_tariff(terms.tariff),
    }


def _decode_terms(terms: Json) -> Terms:
    return Terms(
        account=terms["account"],
        currency=Currency(terms["currency"]),
        rate_group=terms["rate_group"],
        prefix=terms["prefix"],
        tariff=decode_tariff(terms["tariff"]),
        level=CallLevel(terms["level"]),
        holder=terms.get("holder", ""),
    )


def encode_tariff(tariff: Tariff) -> Json:
    """Return a tariff as JSON."""
    return {
        "fee": str(tariff.fee),
        "period_s": tariff.period // SECOND,
        "divisor": tariff.divisor,
        "sections": [[str(one.fee), one.time // SECOND] for one in tariff.sections],
    }


def decode_tariff(tariff: Json) -> Tariff:
    """Return the tariff of a JSON object."""
    return Tariff(
        Decimal(tariff["fee"]),
        tariff["period_s"] * SECOND,
        tuple(Section(Decimal(fee), time * SECOND) for fee, time in tariff["sections"]),
        tariff["divisor"],
    )


def _seconds(span: timedelta | None) -> int | None:
    return None if span is None else span // SECOND


def _span(seconds: int | None) -> timedelta | None:
    return None if seconds is None else seconds * SECOND


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
