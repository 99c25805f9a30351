"""Who may do what: actors, permissions, rules with two faces, and the marks on views.

A rule answers twice: `one(actor, row)` for a row in hand, `many(actor)` as SQL for lists. Rules are
composed from atoms that carry both faces, so the two cannot drift apart; a test compares them all the same.
Nothing is reachable until it says who may reach it: `core.web.seal` refuses a view without a mark.
"""

from __future__ import annotations

import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute

from matchmaker.core.errors import Forbidden, NotFound, Unauthenticated

F = TypeVar("F", bound=Callable[..., Any])


class Permission(StrEnum):
    """Base of each feature's `Can` enum; members read `<noun>:<verb>`."""


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, for which organisation, in which roles. Made fresh for each request from the database."""

    kind: str  # anonymous | user | system
    name: str = ""
    user_id: uuid.UUID | None = None
    organisation_id: uuid.UUID | None = None
    organisation_kind: str | None = None
    organisation_name: str = ""
    verified: bool = False
    roles: frozenset[str] = frozenset()

    @property
    def anonymous(self) -> bool:
        return self.kind == "anonymous"

    @property
    def system(self) -> bool:
        return self.kind == "system"

    def holds(self, *roles: str) -> bool:
        return not self.roles.isdisjoint(roles)


ANONYMOUS = Actor(kind="anonymous")


def system_actor(name: str) -> Actor:
    """The platform itself (worker, import, demo data): every rule lets it pass; the audit log names it."""
    return Actor(kind="system", name=name)


class Rule(ABC):
    """Both faces of one rule. Combine with `&`, `|`, `~`."""

    open_to_anonymous = False
    """Whether some row may be seen without signing in: then a miss is 404, not an invitation to sign in."""

    @abstractmethod
    def one(self, actor: Actor, row: Any) -> bool:
        """Whether the actor may do this with the row at hand."""

    @abstractmethod
    def many(self, actor: Actor) -> sa.ColumnElement[bool]:
        """The same as a condition of a query."""

    def __and__(self, other: Rule) -> Rule:
        return _Both(self, other)

    def __or__(self, other: Rule) -> Rule:
        return _Either(self, other)

    def __invert__(self) -> Rule:
        return _Not(self)


@dataclass(frozen=True)
class _Both(Rule):
    left: Rule
    right: Rule

    def __post_init__(self) -> None:
        object.__setattr__(self, "open_to_anonymous", self.left.open_to_anonymous and self.right.open_to_anonymous)

    def one(self, actor: Actor, row: Any) -> bool:
        return self.left.one(actor, row) and self.right.one(actor, row)

    def many(self, actor: Actor) -> sa.ColumnElement[bool]:
        return sa.and_(self.left.many(actor), self.right.many(actor))


@dataclass(frozen=True)
class _Either(Rule):
    left: Rule
    right: Rule

    def __post_init__(self) -> None:
        object.__setattr__(self, "open_to_anonymous", self.left.open_to_anonymous or self.right.open_to_anonymous)

    def one(self, actor: Actor, row: Any) -> bool:
        return self.left.one(actor, row) or self.right.one(actor, row)

    def many(self, actor: Actor) -> sa.ColumnElement[bool]:
        return sa.or_(self.left.many(actor), self.right.many(actor))


@dataclass(frozen=True)
class _Not(Rule):
    inner: Rule

    def one(self, actor: Actor, row: Any) -> bool:
        return not self.inner.one(actor, row)

    def many(self, actor: Actor) -> sa.ColumnElement[bool]:
        # Not plain NOT: where the column is NULL that gives NULL, and the row would be missing from lists.
        return sa.not_(sa.func.coalesce(self.inner.many(actor), sa.false()))


class AboutActor(Rule):
    """Atom that looks at the actor alone."""

    def __init__(self, test: Callable[[Actor], bool], *, open_to_anonymous: bool = False) -> None:
        self.test = test
        self.open_to_anonymous = open_to_anonymous

    def one(self, actor: Actor, row: Any) -> bool:
        return self.test(actor)

    def many(self, actor: Actor) -> sa.ColumnElement[bool]:
        return sa.true() if self.test(actor) else sa.false()


class Where(Rule):
    """Atom given by its two faces, for what needs a look at other tables. Use the ready ones first."""

    def __init__(self, one: Callable[[Actor, Any], bool], many: Callable[[Actor], sa.ColumnElement[bool]]) -> None:
        self._one, self._many = one, many

    def one(self, actor: Actor, row: Any) -> bool:
        return self._one(actor, row)

    def many(self, actor: Actor) -> sa.ColumnElement[bool]:
        return self._many(actor)


class Among(Rule):
    """The row's column holds one of these values: `Among(Achievement.state, {"published"})`."""

    open_to_anonymous = True

    def __init__(self, column: InstrumentedAttribute[Any], values: Collection[Any]) -> None:
        self.column, self.values = column, frozenset(values)

    def one(self, actor: Actor, row: Any) -> bool:
        return getattr(row, self.column.key) in self.values

    def many(self, actor: Actor) -> sa.ColumnElement[bool]:
        return self.column.in_(sorted(self.values))


class Member(Rule):
    """The actor acts for the organisation in this column, in one of these roles (any role if none is named)."""

    def __init__(self, column: InstrumentedAttribute[Any], *roles: str) -> None:
        self.column, self.roles = column, roles

    def _fits(self, actor: Actor) -> bool:
        return actor.organisation_id is not None and (not self.roles or actor.holds(*self.roles))

    def one(self, actor: Actor, row: Any) -> bool:
        return self._fits(actor) and getattr(row, self.column.key) == actor.organisation_id

    def many(self, actor: Actor) -> sa.ColumnElement[bool]:
        return self.column == actor.organisation_id if self._fits(actor) else sa.false()


class Self(Rule):
    """The actor is the person in this column."""

    def __init__(self, column: InstrumentedAttribute[Any]) -> None:
        self.column = column

    def one(self, actor: Actor, row: Any) -> bool:
        return actor.user_id is not None and getattr(row, self.column.key) == actor.user_id

    def many(self, actor: Actor) -> sa.ColumnElement[bool]:
        return self.column == actor.user_id if actor.user_id is not None else sa.false()


everyone = AboutActor(lambda actor: True, open_to_anonymous=True)
signed_in = AboutActor(lambda actor: not actor.anonymous)
verified = AboutActor(lambda actor: actor.verified)


def holds(*roles: str) -> Rule:
    """The actor holds one of these roles in the organisation acted for."""
    return AboutActor(lambda actor: actor.holds(*roles))


_rules: dict[Permission, Rule] = {}
_views: dict[type, Permission] = {}


def define(rules: dict[Permission, Rule]) -> None:
    """Enter a feature's rules, once, when its `permissions` module is imported."""
    twice = _rules.keys() & rules.keys()
    if twice:
        raise RuntimeError(f"permissions defined twice: {sorted(twice)}")
    _rules.update(rules)


def seen_through(model: type, permission: Permission) -> None:
    """Say which permission decides whether a row of `model` exists at all for an actor."""
    _views[model] = permission


def all_rules() -> dict[Permission, Rule]:
    return dict(_rules)


def view_permissions() -> dict[type, Permission]:
    return dict(_views)


def may(actor: Actor, permission: Permission, row: Any = None) -> bool:
    """Whether the actor may; for pages that show or hide a button."""
    if actor.system:
        return True
    view = _views.get(type(row))
    if view is not None and view != permission and not _rules[view].one(actor, row):
        return False
    return _rules[permission].one(actor, row)


def require(actor: Actor, permission: Permission, row: Any = None) -> None:
    """Raise unless the actor may. What the actor may not see answers like what does not exist."""
    if actor.system:
        return
    view = _views.get(type(row))
    if view is not None and not _rules[view].one(actor, row):
        raise unseen(actor, view)
    if not _rules[permission].one(actor, row):
        raise Unauthenticated() if actor.anonymous else Forbidden(permission=str(permission))


def unseen(actor: Actor, permission: Permission) -> Exception:
    """The one answer for missing and hidden rows alike (same bytes)."""
    if actor.anonymous and not _rules[permission].open_to_anonymous:
        return Unauthenticated()
    return NotFound()


def visible(actor: Actor, permission: Permission) -> sa.ColumnElement[bool]:
    """SQL condition: the rows for which the actor has the permission."""
    return sa.true() if actor.system else _rules[permission].many(actor)


@dataclass(frozen=True, slots=True)
class Mark:
    permission: Permission | None
    load: Callable[..., Any] | None = None
    reason: str = ""
    own_transaction: bool = False


def needs(permission: Permission, load: Callable[..., Any] | None = None) -> Callable[[F], F]:
    """Mark a view. With `load`, the URL's `id` becomes the row it names, as the view's first argument."""

    def mark(view: F) -> F:
        view.__access__ = Mark(permission, load)  # type: ignore[attr-defined]
        return view

    return mark


def public(reason: str, *, own_transaction: bool = False) -> Callable[[F], F]:
    """Mark a view that anyone may reach, and say why. With `own_transaction` it opens its units of work itself."""

    def mark(view: F) -> F:
        view.__access__ = Mark(None, None, reason, own_transaction)  # type: ignore[attr-defined]
        return view

    return mark


def permission(name: str) -> Permission:
    """The permission of this name, for templates. LookupError where no rule is defined for it."""
    for known in _rules:
        if known == name:
            return known
    raise LookupError(f"no rule is defined for permission {name!r}")
