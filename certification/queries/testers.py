"""Reads of guest testers: who may test, what they see, and what testers said about each product."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce

from certification.data.products import BY_KEY, PRODUCTS, Check, Product
from certification.models import GuestTester, Preview, ProductCheck, Submission, TestRun

_RELATED = ("submission__connector__publisher", "submission__version", "submission__revision", "invited_by")


def accesses_of(user: Any) -> QuerySet[GuestTester]:
    """What a person may test as a guest now, the newest first."""
    return GuestTester.objects.with_access(user).select_related(*_RELATED).order_by("-accepted_at")


def guests_of(submission: Submission) -> QuerySet[GuestTester]:
    """Everybody who was invited, the newest first, with the calls they made."""
    own = TestRun.objects.filter(submission=OuterRef("submission"), user=OuterRef("user")).order_by()
    calls = Subquery(own.values("user").annotate(calls=Count("pk")).values("calls"))
    found = GuestTester.objects.filter(submission=submission).select_related("user", "invited_by")
    return found.annotate(calls=Coalesce(calls, 0)).order_by("-created_at")


def testers_for(user: Any) -> QuerySet[GuestTester]:
    """Invitations of submissions that the person sees."""
    visible = Submission.objects.visible_to(user)
    return GuestTester.objects.filter(submission__in=visible).select_related(*_RELATED)


def preview_to_test(submission: Submission) -> Preview | None:
    """The Preview that guests look at: the newest."""
    related = ("region", "version", "submission__connector__publisher", "decided_by")
    return (
        Preview.objects.filter(submission=submission).select_related(*related).order_by("-created_at").first()
    )


def products_of(tester: GuestTester) -> list[Product]:
    """In the order of the list; a product that was taken off the list is left out."""
    return [product for product in PRODUCTS if product.key in tester.products]


def products_tried(versions: Collection[UUID]) -> dict[UUID, set[str]]:
    """Version id -> keys of the products in which somebody tried it in its Preview; every product for a
    version that nobody tried, because it may be used anywhere. One query.
    """
    rows = ProductCheck.objects.filter(preview__version__in=versions).order_by()
    found: dict[UUID, set[str]] = {}
    for version, product in rows.values_list("preview__version_id", "product").distinct():
        found.setdefault(version, set()).add(product)
    return {version: found.get(version) or set(BY_KEY) for version in versions}


@dataclass(frozen=True)
class ItemView:
    """One item with everybody's words about it."""

    check: Check
    words: list[ProductCheck]

    @property
    def works(self) -> int:
        return sum(word.outcome == "works" for word in self.words)

    @property
    def fails(self) -> int:
        return sum(word.outcome == "fails" for word in self.words)

    @property
    def notes(self) -> list[ProductCheck]:
        return [word for word in self.words if word.note]


@dataclass(frozen=True)
class ProductView:
    product: Product
    items: list[ItemView]

    @property
    def looked_at(self) -> int:
        return sum(bool(item.words) for item in self.items)

    @property
    def fails(self) -> int:
        return sum(bool(item.fails) for item in self.items)


def checks_of(preview: Preview, guests: Iterable[GuestTester] = ()) -> list[ProductView]:
    """The products somebody tests or was asked to test, in one query."""
    rows = list(ProductCheck.objects.filter(preview=preview).select_related("user"))
    wanted = {row.product for row in rows} | {key for guest in guests for key in guest.products}
    found: dict[tuple[str, str], list[ProductCheck]] = {}
    for row in rows:
        found.setdefault((row.product, row.item), []).append(row)
    return [
        ProductView(
            product, [ItemView(check, found.get((product.key, check.key), [])) for check in product.checks]
        )
        for product in PRODUCTS
        if product.key in wanted
    ]


def own_words(preview: Preview, product: str, user: Any) -> dict[str, ProductCheck]:
    """A person's own words by item."""
    rows = ProductCheck.objects.filter(preview=preview, product=product, user=user)
    return {row.item: row for row in rows}


def product(key: str) -> Product | None:
    return BY_KEY.get(key)
