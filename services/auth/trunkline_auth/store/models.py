"""The rows of auth's own tables."""

from datetime import datetime

from sqlalchemy import BigInteger, Boolean, Integer, LargeBinary, String, Text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from trunkline_kernel.database import UtcDateTime


class AuthBase(DeclarativeBase):
    """Base of auth's rows."""


class BindingRow(AuthBase):
    """One registration, as `registrations.Binding`."""

    __tablename__ = "bindings"

    kind: Mapped[str] = mapped_column(String(32), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    contact: Mapped[str] = mapped_column(Text)
    received_ip: Mapped[str] = mapped_column(String(45))
    received_port: Mapped[int] = mapped_column(Integer)
    transport: Mapped[str] = mapped_column(String(8))
    local_ip: Mapped[str] = mapped_column(String(45))
    local_port: Mapped[int] = mapped_column(Integer)
    registered_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    call_id: Mapped[str] = mapped_column(Text)
    cseq: Mapped[int] = mapped_column(BigInteger)
    user_agent: Mapped[str] = mapped_column(Text)
    instance_id: Mapped[str] = mapped_column(Text)
    signaling_instance: Mapped[str] = mapped_column(Text)
    behind_nat: Mapped[bool] = mapped_column(Boolean)
    reachable: Mapped[bool] = mapped_column(Boolean)
    misses: Mapped[int] = mapped_column(Integer)


class NumberListRow(AuthBase):
    """One number list (AUT-14)."""

    __tablename__ = "number_lists"

    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    memo: Mapped[str] = mapped_column(Text)
    size: Mapped[int] = mapped_column(Integer)
    version: Mapped[str] = mapped_column(String(32))


class NumberListPartRow(AuthBase):
    """A packed part of a number list, as `DigitSet` cuts it."""

    __tablename__ = "number_list_parts"

    list: Mapped[str] = mapped_column(String(64), primary_key=True)
    part: Mapped[str] = mapped_column(String(2), primary_key=True)
    codes: Mapped[bytes] = mapped_column(LargeBinary)


class NumberListPartVersionRow(AuthBase):
    """What a part was before the last change of its list; empty codes: it was not there."""

    __tablename__ = "number_list_part_versions"

    list: Mapped[str] = mapped_column(String(64), primary_key=True)
    part: Mapped[str] = mapped_column(String(2), primary_key=True)
    codes: Mapped[bytes] = mapped_column(LargeBinary)


class AuditRow(AuthBase):
    """One write by an operator (MGT-12)."""

    __tablename__ = "audit"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    request_id: Mapped[str] = mapped_column(String(64), unique=True)
    operator: Mapped[str] = mapped_column(String(64), index=True)
    ip: Mapped[str] = mapped_column(String(45))
    object: Mapped[str] = mapped_column(String(160), index=True)
    before_json: Mapped[str] = mapped_column(Text)
    after_json: Mapped[str] = mapped_column(Text)
    recorded_at: Mapped[datetime] = mapped_column(UtcDateTime)
