"""What can be wrong with a request about rules."""

from uuid import UUID

from app.errors import AppError


class CategoryRuleNotFound(AppError):
    """Absent, or of another owner (R53)."""

    status, code, title = 404, "category_rule_not_found", "Rule not found"
    user_messages = {"pt-BR": "Regra não encontrada.", "en": "Rule not found."}

    def __init__(self, rule_id: UUID) -> None:
        super().__init__(f"There is no rule {rule_id}.")


class RuleApplicationNotFound(AppError):
    """Absent, or of another owner (R53)."""

    status, code, title = 404, "rule_application_not_found", "Application of rules not found"
    user_messages = {"pt-BR": "Aplicação de regras não encontrada.", "en": "Application of rules not found."}

    def __init__(self, application_id: UUID) -> None:
        super().__init__(f"There is no application of rules {application_id}.")


class RuleMatchesEverything(AppError):
    """The rule takes every transaction that the owner has, which is seldom what is meant."""

    status, code, title = 409, "rule_matches_everything", "Rule matches everything"
    user_messages = {
        "pt-BR": "Esta regra vale para todas as suas transações. Confirme se é isso mesmo.",
        "en": "This rule takes all of your transactions. Confirm that you mean it.",
    }

    def __init__(self, total: int) -> None:
        detail = f"It matches all {total} transactions: add a condition, or send confirm_all if you mean it."
        super().__init__(detail, action="confirm")


class TooManyRules(AppError):
    """An owner has as many as one may have."""

    status, code, title = 409, "too_many_rules", "Too many rules"
    user_messages = {
        "pt-BR": "Você já tem o máximo de regras. Exclua alguma antes.",
        "en": "You have as many rules as possible. Delete one first.",
    }

    def __init__(self, limit: int) -> None:
        super().__init__(f"An owner may have {limit} rules.", action="delete_some")
