"""Who may command the bot, at the moment of the command."""

from __future__ import annotations

from bot.controller.ledger import Ledger
from bot.controller.tick import Controller
from bot.domain import names
from bot.domain.policy import Policy
from bot.domain.request import Status
from bot.hub.ledger_repo import LedgerRepo
from tests.scenarios.in_memory_client import InMemoryClient, call_directly
from tests.scenarios.in_memory_hub import ORG, URL, InMemoryHub
from tests.scenarios.simulation import InMemoryConnection
from tests.scenarios.three_requests import RECIPE

# Failed before: members were read once an hour.
LOW_LIMIT = Policy("http://model.hub", RECIPE, 0.0, "kakugo_bot-0.1.0-py3-none-any.whl")


def test_a_removed_member_approves_nothing_and_a_new_one_does() -> None:
    hub = InMemoryHub()
    client = InMemoryClient(hub, call_directly)
    connection = InMemoryConnection(URL, ORG, "", "", "", lambda: hub.now, client=client)
    ledger = Ledger(LedgerRepo(connection, names.ledger(ORG)))
    bot = Controller(connection, ledger, LOW_LIMIT)  # one process, which remembers members

    def status_after(author: str, text: str) -> Status:
        num = hub.open_discussion("ludoviko", text)
        bot.tick()
        hub.advance_to(hub.now + 60)
        hub.add_comment(num, author, "/approve")
        hub.advance_to(hub.now + 60)
        bot.tick([num])
        (request,) = (each for each in ledger.load().requests if each.discussion == num)
        return request.status

    assert status_after("ada", "Esperanto") is Status.OPEN
    hub.members.remove("ada")
    assert status_after("ada", "Welsh") is Status.HELD
    hub.members.append("grace")
    assert status_after("grace", "Faroese") is Status.OPEN
