"""What can be wrong with a request about categories."""

from app.errors import AppError


class CategoryNotFound(AppError):
    """Neither in Pluggy's tree nor among the owner's own (R53)."""

    status, code, title = 404, "category_not_found", "Category not found"
    user_messages = {"pt-BR": "Categoria não encontrada.", "en": "Category not found."}

    def __init__(self, category_id: str) -> None:
        super().__init__(f"There is no category {category_id}.")


class UnknownCategory(AppError):
    """A body names a category that is not there."""

    status, code, title = 422, "unknown_category", "Unknown category"
    user_messages = {
        "pt-BR": "Esta categoria não existe mais. Escolha outra.",
        "en": "This category no longer exists. Choose another one.",
    }

    def __init__(self, pointer: str) -> None:
        detail = "There is no such category; categories/ lists them."
        super().__init__(detail, action="choose_category", errors=[{"pointer": pointer, "detail": detail}])


class CategoryIsShared(AppError):
    """One of Pluggy's, which are everybody's."""

    status, code, title = 409, "category_is_shared", "Category is shared"
    user_messages = {
        "pt-BR": "Esta categoria é padrão e não pode ser alterada. Crie uma sua.",
        "en": "This is a standard category and can't be changed. Create one of your own.",
    }

    def __init__(self, category_id: str) -> None:
        super().__init__(f"{category_id} is Pluggy's: only categories of your own can be changed.")


class CategoryCycle(AppError):
    """A category would stand below itself."""

    status, code, title = 422, "category_cycle", "Category below itself"
    user_messages = {
        "pt-BR": "Uma categoria não pode ficar dentro dela mesma.",
        "en": "A category can't stand inside itself.",
    }

    def __init__(self) -> None:
        detail = "The new parent is the category itself or one below it."
        super().__init__(detail, errors=[{"pointer": "/body/parent_id", "detail": detail}])


class CategoryInUse(AppError):
    """Deleted, it would leave transactions or rules without what was decided about them."""

    status, code, title = 409, "category_in_use", "Category in use"
    user_messages = {
        "pt-BR": "Esta categoria está em uso. Escolha outra para o que está nela.",
        "en": "This category is in use. Choose another one for what is in it.",
    }

    def __init__(self, *, transactions: int, rules: int) -> None:
        super().__init__(
            f"{transactions} transactions and {rules} rules use it: say in reassign_to where they go"
            + (", a category since rules need one." if rules else ", or `none`."),
            action="reassign",
        )


class TooManyCategories(AppError):
    """An owner has as many as one may have."""

    status, code, title = 409, "too_many_categories", "Too many categories"
    user_messages = {
        "pt-BR": "Você já tem o máximo de categorias. Exclua alguma antes.",
        "en": "You have as many categories as possible. Delete one first.",
    }

    def __init__(self, limit: int) -> None:
        super().__init__(f"An owner may have {limit} categories of its own.", action="delete_some")
