"""HTTP of rules."""

from uuid import UUID

from fastapi import Response, status

from app.categories.errors import UnknownCategory
from app.category_rules import service
from app.category_rules.errors import (
    CategoryRuleNotFound,
    RuleApplicationNotFound,
    RuleMatchesEverything,
    TooManyRules,
)
from app.category_rules.schemas import (
    CategoryRuleRead,
    CategoryRuleRequest,
    CategoryRuleUpdate,
    RuleApplicationRead,
    RuleApplicationRequest,
    RulePreviewRead,
)
from app.category_rules.shown import changed_columns, columns_of, shown, shown_application
from app.dependencies import OwnerDep, SessionDep
from app.etags import WITH_ETAG, IfMatchDep, PreconditionFailed, etag_of
from app.problems import problem_responses
from app.rates import Rate
from app.routing import make_router, requires
from app.schemas import Results
from app.transactions import service as transactions
from app.transactions.schemas import TransactionRead

router = make_router("category rules")

_READ = requires("transactions:read")
_WRITE = requires("transactions:write")
_ONE = "/category_rules/{category_rule_id}/"


@router.get("/category_rules/", dependencies=[_READ], summary="List rules")
async def list_category_rules(owner: OwnerDep, session: SessionDep) -> Results[CategoryRuleRead]:
    """Return the caller's rules in one page, in the order in which they count."""
    rules = await service.list_all(session, owner.id)
    return Results(results=[shown(rule) for rule in rules], next_cursor=None)


@router.post(
    "/category_rules/",
    dependencies=[_WRITE],
    status_code=status.HTTP_201_CREATED,
    summary="Make a rule",
    responses=problem_responses(UnknownCategory, RuleMatchesEverything, TooManyRules),
)
async def create_category_rule(
    asked: CategoryRuleRequest, owner: OwnerDep, session: SessionDep, response: Response
) -> CategoryRuleRead:
    """Make a rule for transactions that come, or change, from now on; `apply/` takes it to those that are there.

    What a person decided about a transaction stays, whatever rules say.
    """
    rule = await service.create(
        session, owner.id, columns_of(asked), position=asked.position, confirm_all=asked.confirm_all
    )
    response.headers["Location"] = f"/api/banking/category_rules/{rule.id}/"
    return shown(rule)


@router.post(
    "/category_rules/preview/",
    dependencies=[requires("transactions:write", rate=Rate.COSTLY)],
    summary="Try a rule on the past",
    responses=problem_responses(UnknownCategory),
)
async def preview_category_rule(asked: CategoryRuleRequest, owner: OwnerDep, session: SessionDep) -> RulePreviewRead:
    """Tell what a rule would find among the transactions that are there. Nothing is kept, nothing changes."""
    found = await service.preview(session, owner.id, columns_of(asked))
    newest = await transactions.list_by_ids(session, owner.id, found.newest)
    return RulePreviewRead(
        total=found.total,
        matched=found.matched,
        recategorized=found.recategorised,
        newest=[TransactionRead.model_validate(line) for line in newest],
    )


@router.post(
    "/category_rules/apply/",
    dependencies=[requires("transactions:write", rate=Rate.COSTLY)],
    status_code=status.HTTP_202_ACCEPTED,
    summary="Apply rules to the past",
    responses=problem_responses(CategoryRuleNotFound),
)
async def apply_category_rules(
    asked: RuleApplicationRequest, owner: OwnerDep, session: SessionDep, response: Response
) -> RuleApplicationRead:
    """Let the rules decide about the transactions that are there, behind the caller's back; follow it by its id."""
    application = await service.request_application(session, owner.id, asked.category_rule_id)
    response.headers["Location"] = f"/api/banking/category_rules/applications/{application.id}/"
    return shown_application(application)


@router.get(
    "/category_rules/applications/{rule_application_id}/",
    dependencies=[_READ],
    summary="Follow an application of rules",
    responses=problem_responses(RuleApplicationNotFound),
)
async def get_rule_application(rule_application_id: UUID, owner: OwnerDep, session: SessionDep) -> RuleApplicationRead:
    """Return how far the rules have come."""
    return shown_application(await service.get_application(session, owner.id, rule_application_id))


@router.get(
    _ONE,
    dependencies=[_READ],
    summary="Get a rule",
    responses={**WITH_ETAG, **problem_responses(CategoryRuleNotFound)},
)
async def get_category_rule(
    category_rule_id: UUID, owner: OwnerDep, session: SessionDep, response: Response
) -> CategoryRuleRead:
    """Return one rule."""
    rule = await service.get(session, owner.id, category_rule_id)
    response.headers["ETag"] = etag_of(rule.change_number)
    return shown(rule)


@router.patch(
    _ONE,
    dependencies=[_WRITE],
    summary="Change a rule",
    responses={
        **WITH_ETAG,
        **problem_responses(CategoryRuleNotFound, UnknownCategory, RuleMatchesEverything, PreconditionFailed),
    },
)
async def update_category_rule(
    category_rule_id: UUID,
    changes: CategoryRuleUpdate,
    owner: OwnerDep,
    session: SessionDep,
    if_match: IfMatchDep,
    response: Response,
) -> CategoryRuleRead:
    """Change a rule for what comes from now on. What it decided before stays until it is applied again."""
    await if_match.hold(session, owner.id)
    rule = await service.get(session, owner.id, category_rule_id)
    if_match.check(rule.change_number)
    rule = await service.change(session, rule, changed_columns(changes), confirm_all=changes.confirm_all)
    response.headers["ETag"] = etag_of(rule.change_number)
    return shown(rule)


@router.delete(
    _ONE,
    dependencies=[_WRITE],
    status_code=status.HTTP_204_NO_CONTENT,
    summary="Delete a rule",
    responses=problem_responses(CategoryRuleNotFound, PreconditionFailed),
)
async def delete_category_rule(
    category_rule_id: UUID, owner: OwnerDep, session: SessionDep, if_match: IfMatchDep
) -> None:
    """Delete a rule. What it had decided is decided anew within moments, by the other rules or without any."""
    await if_match.hold(session, owner.id)
    rule = await service.get(session, owner.id, category_rule_id)
    if_match.check(rule.change_number)
    await service.delete(session, rule)
