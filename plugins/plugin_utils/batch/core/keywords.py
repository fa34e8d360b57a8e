# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keywords validated and copied as Ansible does, without the work that cannot change them.

Of the eighty keywords of a task and its play most are not given, or a plain number: Ansible looks at each three times.
"""

from __future__ import annotations

import functools
from copy import copy as shallow_copy
from dataclasses import dataclass
from typing import Any

from ansible.module_utils._internal._datatag import AnsibleTaggedObject
from ansible.module_utils._internal._datatag._tags import Deprecated
from ansible.playbook.attribute import FieldAttribute, NonInheritableFieldAttribute
from ansible.playbook.base import FieldAttributeBase
from ansible.playbook.play_context import PlayContext
from ansible.utils.sentinel import Sentinel

ATTRIBUTES = (FieldAttribute, NonInheritableFieldAttribute)  # not those that calculate their value
TYPES = {
    "bool": (bool,),
    "int": (int,),
    "string": (str,),
    "float": (float, int),
}  # by what a keyword is to be
IMMUTABLE = (bool, int, float, str, type(None), type)  # what is its own copy; a Sentinel is a type
# Whose own validation gives back what is no template, or whatever it is given.
GIVEN_BACK = frozenset(
    {"break_when", "changed_when", "failed_when", "loop", "module_defaults", "name", "until"}
)


@dataclass(frozen=True, slots=True)
class Keyword:
    """What does not change of a keyword of a class of entries."""

    name: str
    place: str  # of its value in the entry
    attribute: Any
    is_calculated: bool
    has_validation: bool  # of its own, which may give another value
    types: tuple[type, ...]
    default: Any

    def stays(self, value: Any) -> bool:
        """Whether the value is none, empty, or of its type and no template, so that a validation would give it back."""
        if value is Sentinel:
            value = self.default
        if value is None:
            return not self.attribute.required
        if self.has_validation:
            return False
        if type(value) in self.types:
            return type(value) is not str or "{" not in value
        if isinstance(value, AnsibleTaggedObject) and isinstance(value, self.types):
            is_template = isinstance(value, str) and "{" in value
            return not is_template and not Deprecated.is_tagged_on(
                value
            )  # which is warned of where it is used
        return type(value) in (list, dict) and not value


@functools.cache
def keywords_of(kind: type[FieldAttributeBase]) -> tuple[Keyword, ...]:
    """All keywords of a class of entries."""
    return tuple(
        Keyword(
            name=name,
            place=f"_{name}",
            attribute=attribute,
            is_calculated=type(attribute) not in ATTRIBUTES,
            has_validation=hasattr(kind, f"_post_validate_{name}") and name not in GIVEN_BACK,
            types=TYPES.get(attribute.isa, ()),
            default=attribute.default() if callable(attribute.default) else attribute.default,
        )
        for name, attribute in kind.fattributes.items()
    )


def post_validate(entry: FieldAttributeBase, templar: Any) -> None:
    """Do what ``FieldAttributeBase.post_validate`` does, but ask only for keywords that this may change."""
    given = vars(entry)
    # Whether a keyword is the entry's own alone, and not also that of what is around it.
    own = entry._squashed or entry._finalized or not hasattr(entry, "_get_parent_attribute")
    for keyword in keywords_of(type(entry)):
        if not keyword.is_calculated:
            if own and keyword.stays(given.get(keyword.place, Sentinel)):
                continue
            attribute = keyword.attribute
            ever = entry._post_validate_object or attribute.always_post_validate or attribute.static
            if not (ever or attribute.required):
                continue  # of a block: validated as its tasks' own
        value = entry.post_validate_attribute(keyword.name, templar=templar)
        if value is not Sentinel:
            setattr(entry, keyword.name, value)
    entry._finalized = True


def copy_of(entry: PlayContext) -> PlayContext:
    """Do what ``FieldAttributeBase.copy`` does, but copy only what is changeable."""
    made = type(entry)()
    given, own = vars(entry), vars(made)
    for keyword in keywords_of(type(entry)):
        value = given.get(keyword.place, Sentinel)
        own[keyword.place] = value if isinstance(value, IMMUTABLE) else shallow_copy(value)
        if keyword.attribute.alias is not None:
            own[f"_{keyword.attribute.alias}"] = own[keyword.place]
    for name in ("_loader", "_variable_manager", "_origin", "_validated", "_finalized", "_uuid"):
        own[name] = given[name]
    if "_ds" in given:
        own["_ds"] = given["_ds"]
    return made
