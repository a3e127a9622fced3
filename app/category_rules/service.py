"""Use cases of rules, each inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from app import owed
from app.accounts import service as accounts
from app.accounts.errors import AccountNotFound
from app.categories import service as categories
from app.category_rules import repository
from app.category_rules.errors import (
    CategoryRuleNotFound,
    RuleApplicationNotFound,
    RuleMatchesEverything,
    TooManyRules,
)
from app.category_rules.models import CategoryRule, RuleApplication
from app.changes import hold_changes, next_change
from app.clock import utc_now
from app.events.service import record_event
from app.http_errors import InvalidRequest
from app.ids import new_id
from app.jobs import Kind
from app.transactions import ruling
from app.transactions.models import Transaction
from app.transactions.ruling import Preview

RULES_AT_MOST: Final = 200
ROWS_AT_ONCE: Final = 2_000
_FEW: Final = 20
"""Of so few transactions a sound rule may well match every one."""


async def list_all(session: AsyncSession, owner_id: UUID) -> Sequence[CategoryRule]:
    """Return the owner's rules in the order in which they count."""
    return await repository.list_all(session, owner_id)


async def get(session: AsyncSession, owner_id: UUID, rule_id: UUID) -> CategoryRule:
    """Return the rule. Raises CategoryRuleNotFound."""
    rule = await repository.find(session, owner_id, rule_id)
    if rule is None:
        raise CategoryRuleNotFound(rule_id)
    return rule


async def preview(session: AsyncSession, owner_id: UUID, columns: Mapping[str, Any]) -> Preview:
    """Return what the rule finds in the past. Raises UnknownCategory, InvalidRequest."""
    await _check(session, owner_id, columns)
    return await ruling.preview(session, owner_id, columns)


async def create(
    session: AsyncSession, owner_id: UUID, columns: Mapping[str, Any], *, position: int | None, confirm_all: bool
) -> CategoryRule:
    """Return a new rule, which holds for what comes from now on.

    Raises UnknownCategory, InvalidRequest, RuleMatchesEverything, TooManyRules.
    """
    await hold_changes(session, owner_id)
    await _check(session, owner_id, columns)
    held = await repository.list_all(session, owner_id)
    if len(held) >= RULES_AT_MOST:
        raise TooManyRules(RULES_AT_MOST)
    if not confirm_all:
        await _refuse_everything(session, owner_id, columns)
    number = await next_change(session, owner_id)
    last = held[-1].position if held else 0
    rule = CategoryRule(owner_id=owner_id, id=new_id(), position=position or last + 1, change_number=number, **columns)
    session.add(rule)
    await session.flush()
    await session.refresh(rule)
    return rule


async def change(
    session: AsyncSession, rule: CategoryRule, columns: Mapping[str, Any], *, confirm_all: bool
) -> CategoryRule:
    """Change a rule for what comes from now on. Raises UnknownCategory, InvalidRequest, RuleMatchesEverything."""
    await _check(session, rule.owner_id, columns)
    whole = {name: columns.get(name, getattr(rule, name)) for name in ruling.CONDITIONS}
    if not confirm_all and any(whole[name] != getattr(rule, name) for name in whole):
        await _refuse_everything(session, rule.owner_id, whole)
    if any(getattr(rule, name) != value for name, value in columns.items()):
        rule.change_number = await next_change(session, rule.owner_id)
        for name, value in columns.items():
            setattr(rule, name, value)
        rule.updated_at = utc_now()
        await session.flush()
    return rule


async def delete(session: AsyncSession, rule: CategoryRule) -> None:
    """Delete a rule; what it had decided is decided anew by the others, as owed work."""
    await next_change(session, rule.owner_id)
    await session.delete(rule)
    await session.flush()
    await _owe(session, rule.owner_id, rule.id)


async def request_application(session: AsyncSession, owner_id: UUID, rule_id: UUID | None) -> RuleApplication:
    """Owe a going over of the past with the rules; with one, only where it matches. Raises CategoryRuleNotFound."""
    if rule_id is not None:
        await get(session, owner_id, rule_id)
    return await _owe(session, owner_id, rule_id)


async def get_application(session: AsyncSession, owner_id: UUID, application_id: UUID) -> RuleApplication:
    """Return the application. Raises RuleApplicationNotFound."""
    found = await repository.find_application(session, owner_id, application_id)
    if found is None:
        raise RuleApplicationNotFound(application_id)
    return found


async def apply_next(session: AsyncSession, owner_id: UUID, application_id: UUID) -> bool:
    """Let the rules decide about the next rows, and keep how far they have come; True when it is all done."""
    number = await next_change(session, owner_id)
    application = await repository.find_application(session, owner_id, application_id, is_locked=True)
    if application is None or application.finished_at is not None:
        return True
    if application.total is None:
        application.total = await repository.count_rows(session, owner_id)
    part = await ruling.apply_onward(
        session,
        owner_id,
        rule_id=application.rule_id,
        place=application.place or UUID(int=0),
        limit=ROWS_AT_ONCE,
        change_number=number,
    )
    is_done = part.processed < ROWS_AT_ONCE
    application.place = part.place or application.place
    application.processed += part.processed
    application.changed += part.changed
    application.change_number = number
    application.updated_at = utc_now()
    application.status = "succeeded" if is_done else "running"
    if is_done:
        application.finished_at = utc_now()
    await session.flush()
    if part.changed:
        await record_event(session, owner_id, "transactions.changed", {"updated": part.changed})
    return is_done


async def suggest(session: AsyncSession, row: Transaction) -> tuple[dict[str, Any], int] | None:
    """Return a rule that would have put the row where its owner did, and how many others it would; None for no use.

    Its conditions are the counterparty's name, else the whole description, and the direction.
    """
    if row.user_category_id is None:
        return None
    named = row.counterparty_name if row.counterparty_name and len(row.counterparty_name.strip()) > 1 else None
    words = (named or row.description).strip()[:100]
    if len(words) < 2:  # as few as a rule takes
        return None
    columns: dict[str, Any] = {"direction": row.direction, "category_id": row.user_category_id}
    columns |= {"counterparty": words} if named else {"text": words, "text_match": "equals"}
    found = await ruling.preview(session, row.owner_id, columns)
    return (columns, found.recategorised) if found.recategorised else None


async def _owe(session: AsyncSession, owner_id: UUID, rule_id: UUID | None) -> RuleApplication:
    number = await next_change(session, owner_id)
    application = RuleApplication(owner_id=owner_id, id=new_id(), rule_id=rule_id, change_number=number)
    session.add(application)
    await session.flush()
    await session.refresh(application)
    await owed.add(session, Kind.RULES, owner_id, application.id)
    return application


async def _check(session: AsyncSession, owner_id: UUID, columns: Mapping[str, Any]) -> None:
    await categories.check(session, owner_id, columns.get("category_id"), pointer="/body/actions/category_id")
    account_id = columns.get("account_id")
    if account_id is not None:
        try:
            await accounts.get(session, owner_id, account_id)
        except AccountNotFound:
            fault = {"pointer": "/body/conditions/account_id", "detail": "There is no such account."}
            raise InvalidRequest("The request does not validate.", errors=[fault]) from None


async def _refuse_everything(session: AsyncSession, owner_id: UUID, columns: Mapping[str, Any]) -> None:
    found = await ruling.preview(session, owner_id, columns)
    if found.total > _FEW and found.matched == found.total:
        raise RuleMatchesEverything(found.total)
