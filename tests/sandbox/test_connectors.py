"""The catalogue of institutions."""

from tests.sandbox.desk import HOOK, Desk


async def test_sandbox_connectors_show_only_when_asked_for(desk: Desk) -> None:
    without = await desk.call("GET", "/connectors")
    with_them = await desk.call("GET", "/connectors", params={"sandbox": "true"})

    hidden = {row["id"] for row in with_them["results"]} - {row["id"] for row in without["results"]}
    assert hidden == {0, 1, 2, 3, 4, 5, 600}
    assert with_them["totalPages"] == 1
    assert with_them["total"] == len(with_them["results"])


async def test_the_catalogue_is_filtered_by_name_country_and_flags(desk: Desk) -> None:
    by_name = await desk.call("GET", "/connectors", params={"name": "NUBANK"})
    abroad = await desk.call("GET", "/connectors", params={"countries": "AR"})
    regulated = await desk.call("GET", "/connectors", params={"isOpenFinance": "true"})
    direct = await desk.call("GET", "/connectors", params={"isOpenFinance": "false"})

    assert {row["name"] for row in by_name["results"]} == {"Nubank", "Nubank Empresas"}
    assert abroad["results"] == []
    assert all(row["oauth"] for row in regulated["results"])
    assert {row["id"] for row in direct["results"]} == {200, 219}


async def test_connector_two_is_as_measured(desk: Desk) -> None:
    connector = await desk.call("GET", "/connectors/2")

    assert (connector["type"], connector["primaryColor"]) == ("PERSONAL_BANK", "ef294b")
    assert [row["validation"] for row in connector["credentials"]] == ["^user-.{2,50}$", "^.{6,20}$"]
    assert connector["products"][:3] == ["ACCOUNTS", "CREDIT_CARDS", "TRANSACTIONS"]


async def test_health_details_come_only_when_asked_for(desk: Desk) -> None:
    plain = await desk.call("GET", "/connectors/601")
    detailed = await desk.call("GET", "/connectors/601", params={"healthDetails": "true"})

    assert "details" not in plain["health"]
    assert detailed["health"]["details"] == {"connectionRateLast6Hours": None, "connectionsLast6Hours": 0}


async def test_a_change_of_health_shows_an_incident_and_is_an_event(desk: Desk) -> None:
    await desk.call("POST", "/webhooks", 201, json={"url": HOOK, "event": "connector/status_updated"})

    await desk.control("PUT", "/connectors/601/health", {"status": "UNSTABLE"})
    await desk.control("PUT", "/connectors/601/health", {"status": "UNSTABLE"})
    await desk.advance(1)

    connector = await desk.call("GET", "/connectors/601")
    assert connector["health"]["status"] == "UNSTABLE"
    assert connector["health"]["incidents"][0]["type"] == "CONNECTOR_DEGRADED"
    [event] = desk.events()
    assert (event["connectorId"], event["id"], event["data"]) == (601, "601", {"status": "UNSTABLE"})
    assert "triggeredBy" not in event
