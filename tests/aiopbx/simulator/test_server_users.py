"""Logins, users, passwords and preferences, as administrator and as user."""

from typing import Any

import pytest

from aiopbx.simulator import UserSpec

USERS = [
    UserSpec(login="anna", number="2000", first_name="Anna", last_name="Berg", node="5", acd=True),
    UserSpec(login="ben", number="2001", first_name="Ben", node="7", voicemail=False),
    UserSpec(login="cleo", number="2002", node="8", acd=True, remote_extension=True),
]


async def test_administrator_gets_all_logins(connect: Any) -> None:
    api = await (await connect(users=USERS)).log_in()
    assert (await api.call("GET", "/logins")).body == {"loginNames": ["anna", "ben", "cleo"]}
    assert (await api.call("GET", "/logins?nodeIds=5,7")).body == {"loginNames": ["anna", "ben"]}
    assert (await api.call("GET", "/logins?nodeIds=7;8")).body == {"loginNames": ["ben", "cleo"]}
    assert (await api.call("GET", "/logins?onlyACD")).body == {"loginNames": ["anna", "cleo"]}
    assert (await api.call("GET", "/logins?onlyACD&nodeIds=8&new=1")).body == {"loginNames": ["cleo"]}
    reply = await api.call("GET", "/logins?nodeIds=five")
    assert (reply.status, reply.body["code"]) == (400, 1006)


async def test_user_gets_its_own_login(connect: Any) -> None:
    api = await (await connect(users=USERS)).log_in("ben", "secret")
    assert (await api.call("GET", "/logins")).body == {"loginNames": ["ben"]}
    for query in ("onlyACD", "nodeIds=7"):
        reply = await api.call("GET", f"/logins?{query}")
        assert (reply.status, reply.body["code"]) == (403, 1002)


async def test_user_is_described_whole_to_itself_and_administrators(connect: Any) -> None:
    api = await (await connect(users=USERS)).log_in()
    whole = (await api.call("GET", "/users/cleo")).body
    assert whole["voicemail"] == {"number": "5000", "type": "VM_4645"}
    assert [device["id"] for device in whole["devices"]] == ["2002", "62002"]
    assert whole["nodeId"] == "8"
    other = await connect(api.simulator)
    await other.log_in("cleo", "secret")
    assert (await other.call("GET", "/users/cleo")).body == whole
    assert (await other.call("GET", "/users?companyPhone=2002")).body == whole
    seen = (await other.call("GET", "/users/anna")).body
    assert seen == {
        "companyPhone": "2000",
        "firstName": "Anna",
        "lastName": "Berg",
        "loginName": "anna",
        "nodeId": "5",
    }
    assert (await other.call("GET", "/users?companyPhone=2000")).body == seen


async def test_user_without_a_mailbox_has_no_voicemail(connect: Any) -> None:
    api = await (await connect(users=USERS)).log_in()
    assert "voicemail" not in (await api.call("GET", "/users/ben")).body


async def test_unknown_users_are_refused(admin: Any) -> None:
    reply = await admin.call("GET", "/users?companyPhone=4711")
    assert (reply.status, reply.body["code"]) == (404, 1003)
    for query in ("", "?companyPhone=", "?loginName=oxe1000"):
        reply = await admin.call("GET", f"/users{query}")
        assert (reply.status, reply.body["code"]) == (400, 1006)
    for path in ("/users/nobody", "/users/nobody/preferences", "/users/nobody/preferences/supportedLanguages"):
        reply = await admin.call("GET", path)
        assert (reply.status, reply.body["code"]) == (400, 1003)


async def test_only_one_company_phone(admin: Any) -> None:
    reply = await admin.call("GET", "/users?companyPhone=1000&companyPhone=1001")
    assert (reply.status, reply.body["code"]) == (400, 1006)


async def test_password_is_changed(connect: Any) -> None:
    api = await connect()
    await api.log_in("oxe1000", "secret")
    wrong = await api.call("PUT", "/users/oxe1000/password", {"oldPassword": "guess", "newPassword": "better"})
    assert (wrong.status, wrong.body["code"]) == (403, 1002)
    empty = await api.call("PUT", "/users/oxe1000/password", {"oldPassword": "secret", "newPassword": " "})
    assert (empty.status, empty.body["code"]) == (400, 1006)
    part = await api.call("PUT", "/users/oxe1000/password", {"newPassword": "better"})
    assert (part.status, part.body["code"]) == (400, 1006)
    assert "oldPassword" in part.body["innerMessage"]
    other = await api.call("PUT", "/users/oxe1001/password", {"oldPassword": "secret", "newPassword": "better"})
    assert (other.status, other.body["code"]) == (403, 1002)
    done = await api.call("PUT", "/users/oxe1000/password", {"oldPassword": "secret", "newPassword": "better"})
    assert done.status == 204
    again = await connect(api.simulator)
    assert (await again.authenticate("oxe1000", "secret")).status == 401
    assert (await again.authenticate("oxe1000", "better")).status == 200


async def test_preferences(admin: Any) -> None:
    assert (await admin.call("GET", "/users/oxe1000/preferences")).body == {
        "guiLanguage": "en",
        "oxeLanguage": "Generic_English",
    }
    languages = (await admin.call("GET", "/users/oxe1000/preferences/supportedLanguages")).body
    assert {"de", "en-us", "fr"} <= set(languages["supportedGuiLanguages"])
    assert {"German", "US_English", "French"} <= set(languages["supportedLanguages"])
    assert (await admin.call("POST", "/users/oxe1000/preferences", {"guiLanguage": "de"})).status == 204
    assert (await admin.call("GET", "/users/oxe1000/preferences")).body["guiLanguage"] == "de"
    assert (await admin.call("POST", "/users/oxe1000/preferences", {"oxeLanguage": "French"})).status == 204
    assert (await admin.call("GET", "/users/oxe1000/preferences")).body == {
        "guiLanguage": "de",
        "oxeLanguage": "French",
    }


@pytest.mark.parametrize("language", ["tlh", "EN", ""])
async def test_wrong_language_says_which_preference(admin: Any, language: str) -> None:
    reply = await admin.call("POST", "/users/oxe1000/preferences", {"guiLanguage": language})
    assert (reply.status, reply.body["code"]) == (400, 1006)
    assert reply.body["userPreferences"] == {"errorType": "WRONG_VALUE", "parameter": "GUI_LANGUAGE"}


async def test_user_sets_its_own_preferences_whichever_user_it_names(connect: Any) -> None:
    api = await (await connect()).log_in("oxe1000", "secret")
    assert (await api.call("POST", "/users/oxe1001/preferences", {"guiLanguage": "fr"})).status == 204
    assert (await api.call("GET", "/users/oxe1000/preferences")).body["guiLanguage"] == "fr"
    reply = await api.call("GET", "/users/oxe1001/preferences")
    assert (reply.status, reply.body["code"]) == (403, 1002)
    reply = await api.call("POST", "/users/oxe1000/preferences", {})
    assert (reply.status, reply.body["code"]) == (400, 1006)


async def test_deleted_user_is_out(connect: Any) -> None:
    api = await (await connect()).log_in("oxe1003", "secret")
    api.simulator.remove_user("oxe1003")
    assert (await api.call("GET", "/logins")).status == 403
    assert (await api.authenticate("oxe1003", "secret")).status == 401
