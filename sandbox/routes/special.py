"""Products that Pluggy enables by arrangement only: this application has none of them."""

from fastapi import APIRouter

from sandbox.wire import ApiError, Json

router = APIRouter(tags=["Not enabled"])
_PATHS = (
    "/items/{id}/scr",
    "/income-reports",
    "/benefits",
    "/payroll-loans",
    "/portfolio/{itemId}",
    "/portfolio/{itemId}/monthly",
    "/acquirer-sales",
    "/acquirer-receivables",
    "/acquirer-anticipations",
)


async def refuse() -> Json:
    raise ApiError(403, "This product is not enabled for your application")


for _path in _PATHS:
    router.get(_path)(refuse)
