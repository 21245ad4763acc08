"""Constants that several modules of the integration share."""

from typing import Final

DOMAIN: Final = "pbx"

# Config entry data: how to reach the PBX.
CONF_KIND: Final = "kind"
CONF_URL: Final = "url"
CONF_SECONDARY_URL: Final = "secondary_url"
CONF_USE_GIVEN_ADDRESS: Final = "use_given_address"
CONF_EVENT_PORT: Final = "event_port"
CONF_USERNAME: Final = "username"
CONF_PASSWORD: Final = "password"  # noqa: S105 - the name of a field
CONF_ENTERPRISE: Final = "enterprise"
CONF_SECOND_PASSWORD: Final = "second_password"  # noqa: S105 - the name of a field
CONF_TLS: Final = "tls"
CONF_CA_FILE: Final = "ca_file"
# SHA-256 fingerprints of the certificates that were accepted by hand.
CONF_FINGERPRINTS: Final = "fingerprints"
# What a bridge calls the telephone system, and where its topics begin: fields of the form only, parts of the address.
CONF_SYSTEM_NAME: Final = "system_name"
CONF_TOPIC_PREFIX: Final = "topic_prefix"
CONF_CLIENT_CERTIFICATE: Final = "client_certificate"
CONF_CLIENT_KEY: Final = "client_key"
# By what the system behind an entry is known again, whatever address leads to it; see identity.py.
CONF_IDENTITY: Final = "identity"

KIND_DEMO: Final = "demo"
KIND_USER: Final = "o2g_user"
KIND_ADMINISTRATOR: Final = "o2g_administrator"
KIND_MYRCC: Final = "myrcc"
KIND_MYCRM: Final = "mycrm"
KIND_MYISTRA: Final = "myistra"
KIND_BRIDGE: Final = "bridge"

# The kinds that are an Istra system; the client uses the same names.
ISTRA_NAMES: Final = {KIND_MYRCC: "myRCC", KIND_MYCRM: "myCrm", KIND_MYISTRA: "myIstra"}
ISTRA_KINDS: Final = tuple(ISTRA_NAMES)
# The kinds with exactly one line, so that there is nothing to choose.
KINDS_OF_ONE_LINE: Final = (KIND_USER, KIND_MYISTRA)

TLS_VERIFY: Final = "verify"
TLS_OWN_CA: Final = "own_ca"
TLS_FINGERPRINT: Final = "fingerprint"
TLS_NONE: Final = "none"
TLS_CHOICES: Final = [TLS_VERIFY, TLS_FINGERPRINT, TLS_OWN_CA, TLS_NONE]

# Config entry options: which lines, and what may be dialled.
CONF_ALL_LINES: Final = "all_lines"
CONF_LINES: Final = "lines"
CONF_ALLOWED: Final = "allowed"
CONF_DENIED: Final = "denied"
CONF_CALLS_PER_MINUTE: Final = "calls_per_minute"
CONF_AUTO_ANSWER: Final = "auto_answer"
# Whether names and numbers of callers are kept out of what Home Assistant shows and stores.
CONF_HIDE_CALLERS: Final = "hide_callers"
# How numbers are written and dialled, and where names for them come from.
CONF_COUNTRY: Final = "country"
CONF_OUTSIDE_PREFIX: Final = "outside_prefix"
CONF_INTERNAL_LENGTHS: Final = "internal_lengths"
CONF_CONTACT_FILES: Final = "contact_files"
CONF_CONTACT_DIRECTORY: Final = "contact_directory"
# The night service: which lines are forwarded together, and where to; without a number to the voicemail.
CONF_NIGHT_LINES: Final = "night_lines"
CONF_NIGHT_NUMBER: Final = "night_number"
# Whether playing a voicemail marks it read, where the PBX leaves that to us.
CONF_MARK_READ: Final = "mark_read"
# Whether spoken sentences are understood, and which telephone they mean where nothing else says so.
CONF_VOICE: Final = "voice"
CONF_VOICE_LINE: Final = "voice_line"
# What language models may do: look, and act.
CONF_LLM_READ: Final = "llm_read"
CONF_LLM_COMMANDS: Final = "llm_commands"

# The id of the one demo PBX.
DEMO_UNIQUE_ID: Final = "demo"
DEMO_SCENARIO: Final = "office"
