"""The kernel's own tables. `migrations` creates them."""

from datetime import datetime

from sqlalchemy import BigInteger, Integer, String, Text, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from .database import UtcDateTime


class KernelBase(DeclarativeBase):
    """Base of the kernel's rows."""


class RevisionClock(KernelBase):
    """Counts changes. Taking a number locks the clock until commit, so numbers appear in order."""

    __tablename__ = "revision_clocks"

    name: Mapped[str] = mapped_column(String(32), primary_key=True)
    revision: Mapped[int] = mapped_column(BigInteger)


class ParameterRow(KernelBase):
    """A parameter that was set."""

    __tablename__ = "parameters"

    name: Mapped[str] = mapped_column(String(128), primary_key=True)
    value: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger)


class ParameterChangeRow(KernelBase):
    """One write to one parameter."""

    __tablename__ = "parameter_changes"

    id: Mapped[int] = mapped_column(BigInteger().with_variant(Integer, "sqlite"), primary_key=True)
    name: Mapped[str] = mapped_column(String(128), index=True)
    old_value: Mapped[str] = mapped_column(Text)
    new_value: Mapped[str] = mapped_column(Text)
    author: Mapped[str] = mapped_column(String(128))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


class DocumentRow(KernelBase):
    """A document of a kind that has no tables of its own."""

    __tablename__ = "documents"

    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    spec: Mapped[str] = mapped_column(Text)
    revision: Mapped[int] = mapped_column(BigInteger)


class DocumentVersionRow(KernelBase):
    """What a document was before its last change, of kinds that can be put back."""

    __tablename__ = "document_versions"

    kind: Mapped[str] = mapped_column(String(64), primary_key=True)
    name: Mapped[str] = mapped_column(String(64), primary_key=True)
    spec: Mapped[str] = mapped_column(Text)


class DocumentChangeRow(KernelBase):
    """One change of one document, of any kind."""

    __tablename__ = "document_changes"

    revision: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(String(64))
    name: Mapped[str] = mapped_column(String(64))
    deleted: Mapped[bool] = mapped_column()
    author: Mapped[str] = mapped_column(String(128))
    changed_at: Mapped[datetime] = mapped_column(UtcDateTime)


async def lock_clock(session: AsyncSession, name: str) -> int:
    """Lock a clock until commit and return its last revision."""
    return await tick(session, name, 0)


async def tick(session: AsyncSession, name: str, steps: int) -> int:
    """Take `steps` numbers of a clock and return the last one."""
    statement = (
        update(RevisionClock)
        .where(RevisionClock.name == name)
        .values(revision=RevisionClock.revision + steps)
        .returning(RevisionClock.revision)
    )
    return (await session.execute(statement)).scalar_one()
