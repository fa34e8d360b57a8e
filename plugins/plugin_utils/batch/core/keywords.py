# Copyright: Cartable contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keywords validated and copied as Ansible does, without the work that cannot change them.

Of the eighty keywords of a task and its play most are not given, or a plain number: Ansible looks at each three times.
"""

from __future__ import annotations

from copy import copy as shallow_copy
from typing import Any

from ansible.playbook.attribute import FieldAttribute, NonInheritableFieldAttribute
from ansible.playbook.base import FieldAttributeBase
from ansible.playbook.play_context import PlayContext
from ansible.utils.sentinel import Sentinel

ATTRIBUTES = (FieldAttribute, NonInheritableFieldAttribute)  # not those that calculate their value
TYPES = {"bool": bool, "int": int, "string": str}  # what is already of its keyword's type; no tagged value is
IMMUTABLE = (bool, int, str, type(None), type)  # what is its own copy; a Sentinel is a type


def post_validate(entry: FieldAttributeBase, templar: Any) -> None:
    """Do what ``FieldAttributeBase.post_validate`` does, but ask only for keywords that this may change."""
    given = vars(entry)
    # Whether a keyword is the entry's own alone, and not also that of what is around it.
    own = entry._squashed or entry._finalized or not hasattr(entry, "_get_parent_attribute")
    for name, attribute in entry.fattributes.items():
        if type(attribute) in ATTRIBUTES:
            if own and _stays(entry, name, attribute, given.get(f"_{name}", Sentinel)):
                continue
            ever = entry._post_validate_object or attribute.always_post_validate or attribute.static
            if not (ever or attribute.required):
                continue  # of a block: validated as its tasks' own
        value = entry.post_validate_attribute(name, templar=templar)
        if value is not Sentinel:
            setattr(entry, name, value)
    entry._finalized = True


def _stays(entry: FieldAttributeBase, name: str, attribute: Any, value: Any) -> bool:
    """Whether the value is none, or of its type and no template, so that a validation would give it back."""
    if value is Sentinel:
        value = attribute.default
    if value is None:
        return not attribute.required
    if type(value) is not TYPES.get(attribute.isa) or hasattr(entry, f"_post_validate_{name}"):
        return False
    return not (isinstance(value, str) and "{" in value)


def copy_of(entry: PlayContext) -> PlayContext:
    """Do what ``FieldAttributeBase.copy`` does, but copy only what is changeable."""
    made = type(entry)()
    given, own = vars(entry), vars(made)
    for name, attribute in entry.fattributes.items():
        value = given.get(f"_{name}", Sentinel)
        own[f"_{name}"] = value if type(value) in IMMUTABLE else shallow_copy(value)
        if attribute.alias is not None:
            own[f"_{attribute.alias}"] = own[f"_{name}"]
    for name in ("_loader", "_variable_manager", "_origin", "_validated", "_finalized", "_uuid"):
        own[name] = given[name]
    if "_ds" in given:
        own["_ds"] = given["_ds"]
    return made
