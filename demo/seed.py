"""Write a configuration folder that Home Assistant starts on without a question: no login page, loopback only.

For the demo and the browser tests; not meant for a real home.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from dashboard import THEMES, dashboard, helpers
from office import people
from paths import INTEGRATION
from systems import System

USER = "0de0" * 8


def seed(config: Path, *, port: int, phones_url: str, system: System = "o2g") -> None:
    """Write the folder. What Home Assistant has stored there already stays; its port is set anew."""
    storage = config / ".storage"
    storage.mkdir(parents=True, exist_ok=True)
    link = config / "custom_components" / "pbx"
    link.parent.mkdir(exist_ok=True)
    if not link.exists():
        link.unlink(missing_ok=True)
        link.symlink_to(INTEGRATION, target_is_directory=True)

    office = people()
    _write_yaml(config / "configuration.yaml", configuration() | helpers(office, system))
    # What is made in the editor of automations stays; only a tag, which safe_dump does not write, names its file.
    if not (config / "automations.yaml").exists():
        (config / "automations.yaml").write_text("[]\n", encoding="utf-8")
    with (config / "configuration.yaml").open("a", encoding="utf-8") as file:
        file.write("automation made here: !include automations.yaml\n")
    _write_yaml(config / "office-phones.yaml", dashboard(office, phones_url, system))

    _store(storage, "http", http(port), version=2, minor_version=2)
    if not (storage / "auth").exists():
        _store(storage, "onboarding", {"done": ["user", "core_config", "integration", "analytics"]}, version=4)
        _store(storage, "auth", auth())
        _store(storage, "frontend.system_data", {"core": {"default_panel": "office-phones"}})
        _store(storage, "core.config", core(), minor_version=4)


def configuration() -> dict[str, Any]:
    """Return the base of configuration.yaml."""
    return {
        "homeassistant": {
            "auth_providers": [
                {
                    "type": "trusted_networks",
                    "trusted_networks": ["127.0.0.1/32", "::1/128"],
                    "allow_bypass_login": True,
                }
            ]
        },
        "frontend": {"themes": THEMES},
        **dict.fromkeys(("config", "history", "logbook", "system_health")),
        "recorder": {"purge_keep_days": 1, "commit_interval": 5},
        # The last two say that there is no camera to show: true, and of no interest here.
        "logger": {
            "default": "warning",
            "logs": {
                "custom_components.pbx": "info",
                "haffmpeg": "critical",
                "homeassistant.components.camera.img_util": "critical",
            },
        },
        "lovelace": {
            "dashboards": {
                "office-phones": {
                    "mode": "yaml",
                    "title": "Office phones",
                    "icon": "mdi:phone",
                    "show_in_sidebar": True,
                    "filename": "office-phones.yaml",
                }
            }
        },
    }


def http(port: int) -> dict[str, Any]:
    """Return what makes Home Assistant listen on loopback; in YAML it would be a trial of five minutes."""
    stable = {
        "server_host": ["127.0.0.1"],
        "server_port": port,
        "cors_allowed_origins": [],
        "login_attempts_threshold": -1,
        "ip_ban_enabled": True,
        "ssl_profile": "modern",
        "use_x_frame_options": True,
        "created_at": datetime.now(UTC).isoformat(),
        "error": None,
        "error_message": None,
    }
    return {"stable": stable, "pending": None, "yaml_migration_done": True}


def auth() -> dict[str, Any]:
    """Return exactly one user, whom the trusted network logs in."""
    groups = {"system-admin": "Administrators", "system-users": "Users", "system-read-only": "Read Only"}
    return {
        "users": [
            {
                "id": USER,
                "group_ids": ["system-admin"],
                "is_owner": True,
                "is_active": True,
                "name": "Demo",
                "system_generated": False,
                "local_only": True,
            }
        ],
        "groups": [{"id": id_, "name": name} for id_, name in groups.items()],
        "credentials": [],
        "refresh_tokens": [],
    }


def core() -> dict[str, Any]:
    """Return where this home is: nowhere in particular."""
    return {
        "latitude": 0.0,
        "longitude": 0.0,
        "elevation": 0,
        "unit_system_v2": "metric",
        "location_name": "Office",
        "time_zone": "UTC",
        "external_url": None,
        "internal_url": None,
        "currency": "USD",
        "country": "US",
        "language": "en",
        "radius": 100,
    }


def _write_yaml(path: Path, data: dict[str, Any]) -> None:
    path.write_text(yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=120), encoding="utf-8")


def _store(storage: Path, key: str, data: dict[str, Any], *, version: int = 1, minor_version: int = 1) -> None:
    content = {"version": version, "minor_version": minor_version, "key": key, "data": data}
    (storage / key).write_text(json.dumps(content, indent=2), encoding="utf-8")


if __name__ == "__main__":
    seed(Path(sys.argv[1]), port=int(sys.argv[2]), phones_url=sys.argv[3])
