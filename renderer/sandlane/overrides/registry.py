"""The override fields, in the order in which they are applied. Specs, planning and proof read this list."""

from __future__ import annotations

from typing import Any

from sandlane.overrides.config_maps import CONFIG_MAPS
from sandlane.overrides.containers import CONTAINERS
from sandlane.overrides.env import ENV
from sandlane.overrides.field import Field
from sandlane.overrides.image import IMAGE
from sandlane.overrides.init_containers import INIT_CONTAINERS
from sandlane.overrides.patches import PATCHES
from sandlane.overrides.preserve_labels import PRESERVE_LABELS
from sandlane.overrides.volumes import VOLUMES

FIELDS: tuple[Field[Any], ...] = (
    IMAGE,
    ENV,
    CONTAINERS,
    INIT_CONTAINERS,
    VOLUMES,
    CONFIG_MAPS,
    PATCHES,
    PRESERVE_LABELS,
)
