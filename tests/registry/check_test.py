"""The push check against Debian's docker-registry: with passwords, and with a token server."""
import re
import subprocess

import pytest

import servers

USERS = {"alice": "alices secret", "bob": "bobs secret", "carol": "carols secret"}
RIGHTS = {
    "alice": {"team/app": {"pull", "push", "delete"}, "team/base": {"pull"}},
    "carol": {"team/app": {"pull", "push"}},
    "bob": {"team/app": {"pull"}},
    "": {"team/app": {"pull"}},
}


@pytest.fixture(scope="module", name="basic")
def a_registry_with_passwords(authority, tmp_path_factory):
    folder = tmp_path_factory.mktemp("basic")
    auth = {"htpasswd": {"realm": "tests", "path": str(servers.htpasswd(folder, **USERS))}}
    with servers.Registry(folder, authority.issue("basic"), auth) as registry:
        yield registry


@pytest.fixture(scope="module", name="tokens")
def a_token_server(authority):
    with servers.TokenServer(authority.folder, authority, USERS, RIGHTS) as server:
        yield server


@pytest.fixture(scope="module", name="bearer")
def a_registry_with_tokens(authority, tokens, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bearer")
    with servers.Registry(folder, authority.issue("bearer"), tokens.auth()) as registry:
        yield registry


@pytest.fixture(scope="module", name="plain")
def an_open_registry_without_tls(tmp_path_factory):
    with servers.Registry(tmp_path_factory.mktemp("plain")) as registry:
        yield registry


def test_the_right_password_is_granted_and_leaves_no_upload(basic, check):
    answer = check(f"{basic.domain}/team/app", user="alice", password=USERS["alice"])
    assert answer == ("Granted", f"{basic.domain} allows pushing team/app")
    assert basic.uploads() == []
    log = basic.log.read_text()
    assert re.search('"DELETE /v2/team/app/blobs/uploads/[^ ]+ HTTP/1.1" 204', log)


@pytest.mark.parametrize("user, password", [("alice", "wrong secret"), ("nobody", "some secret")])
def test_a_wrong_password_is_denied(basic, check, user, password):
    answer, message = check(f"{basic.domain}/team/app", user=user, password=password)
    assert answer == "Denied"
    assert "with the given credentials (HTTP status 401)" in message


def test_no_password_is_denied(basic, check):
    answer, message = check(f"{basic.domain}/team/app")
    assert answer == "Denied"
    assert message == (f"{basic.domain} requires a user name and password, but there are no "
                       "credentials for it")


def test_without_the_ca_the_answer_is_unknown_and_says_so(basic, check):
    answer, message = check(f"{basic.domain}/team/app", user="alice", password=USERS["alice"],
                            ca=False)
    assert answer == "Unknown"
    assert "certificate of 127.0.0.1 cannot be trusted" in message
    assert "not signed by a trusted CA" in message


def test_a_certificate_for_another_host_is_unknown_and_says_so(authority, check, tmp_path):
    with servers.Registry(tmp_path, authority.issue("elsewhere", "DNS:other.test")) as registry:
        answer, message = check(f"{registry.domain}/team/app")
    assert answer == "Unknown"
    assert "it is for another host: other.test" in message


def test_a_registry_that_is_down_is_unknown(basic, check):
    domain = f"127.0.0.1:{servers.free_port()}"
    assert domain != basic.domain
    answer, message = check(f"{domain}/team/app")
    assert answer == "Unknown"
    assert message == f"cannot connect to {domain}: Connection refused"


def test_loopback_is_not_asked_by_an_operator(basic, check):
    answer, message = check(f"{basic.domain}/team/app", "--guard")
    assert answer == "Unknown"
    assert "a loopback address" in message


def test_a_token_that_allows_the_push_is_granted_and_leaves_no_upload(bearer, tokens, check):
    answer = check(f"{bearer.domain}/team/app", user="alice", password=USERS["alice"])
    assert answer[0] == "Granted", answer[1]
    assert bearer.uploads() == []
    asked = tokens.requests[-2:]
    assert [(method, user) for method, user, _ in asked] == [("GET", "alice")] * 2
    assert [query["scope"] for _, _, query in asked] == [
        ["repository:team/app:pull,push"], ["repository:team/app:pull,push,delete"]]
    assert all(query["tenant"] == ["tests"] for _, _, query in asked)


def test_a_push_is_granted_without_the_right_to_cancel_it(bearer, check):
    answer = check(f"{bearer.domain}/team/app", user="carol", password=USERS["carol"])
    assert answer[0] == "Granted", answer[1]


@pytest.mark.parametrize("user, repository", [
    ("alice", "team/base"), ("alice", "team/other"), ("bob", "team/app"), ("", "team/app")])
def test_a_token_that_does_not_allow_the_push_is_denied(bearer, check, user, repository):
    answer, message = check(f"{bearer.domain}/{repository}", user=user,
                            password=USERS.get(user, ""))
    assert answer == "Denied"
    assert f"does not allow pushing {repository} " in message


def test_a_wrong_password_at_the_token_server_is_denied(bearer, check):
    answer, message = check(f"{bearer.domain}/team/app", user="alice", password="wrong secret")
    assert answer == "Denied"
    assert "the token server 127.0.0.1:" in message
    assert "refuses the credentials (HTTP status 401)" in message


def test_an_identity_token_is_exchanged(bearer, tokens, check):
    answer = check(f"{bearer.domain}/team/app", user="00000000", identity="identity of alice")
    assert answer[0] == "Granted", answer[1]
    assert tokens.requests[-1][0] == "POST"
    assert check(f"{bearer.domain}/team/app", identity="identity of bob")[0] == "Denied"
    assert check(f"{bearer.domain}/team/app", identity="forged identity")[0] == "Denied"


def test_a_token_server_that_is_down_is_unknown(authority, tokens, check, tmp_path):
    auth = tokens.auth()
    auth["token"]["realm"] = f"https://127.0.0.1:{servers.free_port()}/token"
    with servers.Registry(tmp_path, authority.issue("lonely"), auth) as registry:
        answer, message = check(f"{registry.domain}/team/app", user="alice", password="a secret")
    assert answer == "Unknown"
    assert message.startswith("token server: cannot connect to")


def test_a_registry_that_may_be_plain_is_granted(plain, check):
    answer = check(f"{plain.domain}/team/app", "--insecure", plain.domain, "--guard")
    assert answer[0] == "Granted", answer[1]
    assert plain.uploads() == []


def test_plain_http_is_unknown_where_nobody_allowed_it(plain, check):
    answer, message = check(f"{plain.domain}/team/app")
    assert answer == "Unknown"
    assert "does not speak valid TLS" in message


def test_a_registry_that_is_only_read_is_unknown(authority, check, tmp_path):
    maintenance = {"maintenance": {"readonly": {"enabled": True}}}
    with servers.Registry(tmp_path, authority.issue("readonly"), **maintenance) as registry:
        answer, message = check(f"{registry.domain}/team/app")
    assert answer == "Unknown"
    assert "HTTP status 405" in message


def test_the_file_that_skopeo_writes_at_login_is_read(basic, authority, tmp_path):
    trust = tmp_path / "certificates"
    trust.mkdir()
    (trust / "ca.crt").write_text(authority.certificate.read_text())
    config = tmp_path / "auth.json"
    subprocess.run(["skopeo", "login", "--authfile", config, "--cert-dir", trust, "--username",
                    "alice", "--password-stdin", basic.domain], check=True, text=True,
                   input=USERS["alice"], capture_output=True)
    # pylint: disable-next=import-outside-toplevel
    from conftest import run_probe
    found = run_probe("check", f"{basic.domain}/team/app", "--ca", authority.certificate,
                      "--config", config)
    assert '"Granted"' in found.stdout, found.stdout
