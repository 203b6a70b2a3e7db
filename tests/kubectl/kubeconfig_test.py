"""For each field of a kubeconfig (clientcmd/api/v1), the plugin sends what kubectl sends."""
import base64
import json
import stat
import time

import pytest

import endpoints

TOKEN = {"token": "token-of-jane"}


def basic(text):
    return "Basic " + base64.b64encode(text.encode()).decode()


# server, certificate-authority(-data), insecure-skip-tls-verify, tls-server-name

def test_a_token_is_sent_by_https(world):
    sent = world.same(world.config(user=TOKEN))
    assert sent["scheme"] == "https" and sent["authorization"] == "Bearer token-of-jane"


@pytest.mark.parametrize("server", ["http://127.0.0.1:{}", "127.0.0.1:{}", "localhost:{}",
                                    "127.0.0.1:{}/", "http://127.0.0.1:{}/"])
def test_no_credentials_are_sent_by_http(world, server):
    cluster = {"server": server.format(world.plain.port)}
    sent = world.same(world.config(cluster, {**TOKEN, "as": "root"}))
    assert sent["scheme"] == "http" and sent["authorization"] is None
    assert sent["impersonation"] == [("impersonate-user", "root")]


def test_a_server_without_scheme_is_asked_by_https_when_tls_is_configured(world):
    # client-go's DefaultServerURL describes HTTPS here, but kubectl decides before it has read the
    # CA, and uses HTTP. The plugin sends nothing in the clear to a server whose CA is configured.
    config = world.config(world.cluster(server=f"127.0.0.1:{world.secure.port}"), TOKEN)
    _, plugin = world.both(config)
    assert plugin.code == 0, plugin.error
    assert plugin.sent()["scheme"] == "https"


def test_a_server_without_scheme_has_no_path(world):
    assert "server" in world.refused(world.config({"server": f"127.0.0.1:{world.plain.port}/a"}))


@pytest.mark.parametrize("base", ["/", "/base", "/base/", "/a/b%20c"])
def test_a_server_may_have_a_base_path(world, base):
    sent = world.same(world.config(world.cluster(
        server=f"https://127.0.0.1:{world.secure.port}{base}"), TOKEN))
    assert sent["path"] == base.rstrip("/") + endpoints.PATH


def test_a_ca_may_be_a_file_relative_to_the_kubeconfig(world):
    world.copy("ca.crt", "certificates/ca.crt")
    world.same(world.config(world.cluster(**{
        "certificate-authority-data": None, "certificate-authority": "certificates/ca.crt"})))


def test_a_ca_that_did_not_sign_the_server_is_refused(world):
    other = endpoints.Authority(world.folder / "other")
    cluster = world.cluster(**{"certificate-authority-data": base64.b64encode(
        other.read("ca.crt").encode()).decode()})
    assert "certificate" in world.refused(world.config(cluster))


def test_a_ca_that_is_missing_is_refused(world):
    world.refused(world.config(world.cluster(**{
        "certificate-authority-data": None, "certificate-authority": "none.crt"})))


def test_insecure_skips_the_check(world):
    world.same(world.config(world.cluster(**{
        "certificate-authority-data": None, "insecure-skip-tls-verify": True}), TOKEN))


def test_insecure_and_a_ca_are_refused(world):
    world.refused(world.config(world.cluster(**{"insecure-skip-tls-verify": True})))


def test_a_server_name_is_asked_for_and_verified(world):
    sent = world.same(world.config(world.cluster(**{"tls-server-name": "other.test"})))
    assert sent["server name"] == "other.test"
    assert "certificate" in world.refused(world.config(world.cluster(**{
        "tls-server-name": "none.test"})))


# token, tokenFile, username, password

def test_a_token_file_is_trimmed_and_wins_over_the_token(world):
    world.write("sub/token", "of-the-file\n")
    for user in ({"tokenFile": "sub/token"}, {**TOKEN, "tokenFile": "sub/token"}):
        assert world.same(world.config(user=user))["authorization"] == "Bearer of-the-file"


def test_a_token_stands_in_for_a_token_file_that_is_missing(world):
    sent = world.same(world.config(user={**TOKEN, "tokenFile": "none"}))
    assert sent["authorization"] == "Bearer token-of-jane"
    world.refused(world.config(user={"tokenFile": "none"}))


def test_a_password_is_sent(world):
    for user, text in (({"username": "jane", "password": "a:b"}, "jane:a:b"),
                       ({"username": "jane"}, "jane:")):
        assert world.same(world.config(user=user))["authorization"] == basic(text)


def test_a_token_and_a_password_are_refused(world):
    world.refused(world.config(user={**TOKEN, "username": "jane"}))


# client-certificate(-data), client-key(-data)

def test_a_client_certificate_is_shown(world):
    world.copy("jane.crt", "sub/jane.crt")
    files = {"client-certificate": "sub/jane.crt", "client-key": world.copy("jane.key")}
    data = {"client-certificate-data": world.data("jane.crt"),
            "client-key-data": world.data("jane.key")}
    for user in (files, data, {**data, **TOKEN}):
        assert world.same(world.config(user=user))["certificate"] == "jane"


def test_half_a_client_certificate_is_refused(world):
    world.refused(world.config(user={"client-certificate-data": world.data("jane.crt")}))
    world.refused(world.config(user={"client-certificate-data": world.data("jane.crt"),
                                     "client-key": "none.key"}))


# as, as-uid, as-groups, as-user-extra

def test_impersonation_is_sent(world):
    sent = world.same(world.config(user={
        **TOKEN, "as": "system:admin", "as-uid": "7", "as-groups": ["a", "b c"],
        "as-user-extra": {"scopes": ["x", "y"], "example.com/Key": ["z"]}}))
    assert ("impersonate-uid", "7") in sent["impersonation"]
    assert len(sent["impersonation"]) == 7


def test_impersonation_without_a_user_is_refused(world):
    world.refused(world.config(user={**TOKEN, "as-groups": ["a"]}))
    world.refused(world.config(user={**TOKEN, "as-uid": "7"}))


# proxy-url, and the environment variables for proxies

@pytest.mark.parametrize("url,seen", [
    ("http://127.0.0.1:{}", None),
    ("http://jane:pass%20word@127.0.0.1:{}", basic("jane:pass word")),
    ("socks5://127.0.0.1:{}", None),
    ("socks5://jane:pass@127.0.0.1:{}", "jane:pass")])
@pytest.mark.parametrize("host", ["127.0.0.1", endpoints.HOST])
def test_a_proxy_of_the_kubeconfig_is_used(world, url, seen, host):
    config = world.config(world.cluster(**{
        "server": f"https://{host}:{world.secure.port}",
        "proxy-url": url.format(world.proxy.port)}), TOKEN)
    kubectl, plugin = world.both(config)
    assert kubectl.code == plugin.code == 0, (kubectl.error, plugin.error)
    assert plugin.proxied == kubectl.proxied
    assert plugin.proxied[0][2] == seen
    assert plugin.sent() == kubectl.sent()


def test_a_proxy_gets_requests_for_plain_http_itself(world):
    config = world.config({"server": f"http://{endpoints.HOST}:{world.plain.port}/base",
                           "proxy-url": f"http://jane:p@127.0.0.1:{world.proxy.port}"})
    world.same(config)
    assert world.proxy.seen[0][:2] == (
        "GET", f"http://{endpoints.HOST}:{world.plain.port}/base{endpoints.PATH}")


def test_an_unknown_kind_of_proxy_is_refused(world):
    assert "proxy-url" in world.refused(world.config(world.cluster(**{
        "proxy-url": "socks4://127.0.0.1:1"})))


@pytest.mark.parametrize("variables", [
    {"HTTPS_PROXY": "http://127.0.0.1:{}"}, {"https_proxy": "127.0.0.1:{}"},
    {"HTTPS_PROXY": "socks5://127.0.0.1:{}"}, {"HTTPS_PROXY": "socks5h://u:p@127.0.0.1:{}"},
    {"HTTPS_PROXY": "http://127.0.0.1:{}", "NO_PROXY": "other.test"}])
def test_a_proxy_of_the_environment_is_used(world, variables):
    config = world.config(world.cluster(server=f"https://{endpoints.HOST}:{world.secure.port}"))
    world.same(config, {name: value.format(world.proxy.port) for name, value in variables.items()})
    assert world.proxy.seen


@pytest.mark.parametrize("variables", [
    {"ALL_PROXY": "http://127.0.0.1:{}"}, {"HTTP_PROXY": "http://127.0.0.1:{}"},
    {"HTTPS_PROXY": "http://127.0.0.1:{}", "NO_PROXY": endpoints.HOST},
    {"HTTPS_PROXY": "http://127.0.0.1:{}", "no_proxy": ".test,"}])
def test_a_proxy_that_does_not_count_is_not_asked(world, variables):
    config = world.config(world.cluster(server=f"https://{endpoints.HOST}:{world.secure.port}"))
    world.refused(config, {name: value.format(world.proxy.port)
                           for name, value in variables.items()})
    assert not world.proxy.seen


def test_loopback_is_asked_without_the_proxy_of_the_environment(world):
    world.same(world.config(), {"HTTPS_PROXY": f"http://127.0.0.1:{world.proxy.port}"})
    assert not world.proxy.seen


# exec

def plugin_script(world, status, name="plugin"):
    answer = {"apiVersion": "client.authentication.k8s.io/v1", "kind": "ExecCredential",
              "status": status}
    path = world.write(name, "#!/bin/sh\nprintf '%s|' \"$@\" \"$EXTRA\" >>ran\n"
                             "printf '%s\\n' \"$KUBERNETES_EXEC_INFO\" >>info\n"
                             "sed s,VERSION,$(echo \"$KUBERNETES_EXEC_INFO\" | grep -q v1beta1 "
                             "&& echo v1beta1 || echo v1), <<'END'\n"
                             + json.dumps(answer).replace("k8s.io/v1", "k8s.io/VERSION")
                             + "\nEND\n")
    (world.folder / name).chmod(stat.S_IRWXU)
    return path


def exec_user(command, **more):
    return {"exec": {"apiVersion": "client.authentication.k8s.io/v1", "command": command,
                     "interactiveMode": "Never", **more}}


@pytest.mark.parametrize("more", [
    {}, {"interactiveMode": "IfAvailable"}, {"args": ["get token", "--x=*"]},
    {"env": [{"name": "EXTRA", "value": "a b"}]}, {"provideClusterInfo": True},
    {"apiVersion": "client.authentication.k8s.io/v1beta1"},
    {"apiVersion": "client.authentication.k8s.io/v1beta1", "interactiveMode": None}])
def test_a_plugin_gives_a_token(world, more):
    plugin_script(world, {"token": "of-the-plugin"})
    user = exec_user("./plugin", **more)
    user["exec"] = {name: value for name, value in user["exec"].items() if value is not None}
    extension = {"name": "client.authentication.k8s.io/exec", "extension": {"audience": "x"}}
    sent = world.same(world.config(world.cluster(extensions=[extension]), user))
    assert sent["authorization"] == "Bearer of-the-plugin"
    ran = (world.folder / "ran").read_text()
    assert len(ran) % 2 == 0 and ran[:len(ran) // 2] == ran[len(ran) // 2:]
    information = filter(None, (world.folder / "info").read_text().splitlines())
    kubectl, plugin = map(json.loads, information)
    assert plugin == kubectl


def test_a_plugin_gives_a_certificate(world):
    plugin_script(world, {"clientCertificateData": world.authority.read("jane.crt"),
                          "clientKeyData": world.authority.read("jane.key")})
    assert world.same(world.config(user=exec_user("./plugin")))["certificate"] == "jane"


def test_a_plugin_is_not_run_beside_other_credentials(world):
    plugin_script(world, {"token": "of-the-plugin"})
    certificate = {"client-certificate-data": world.data("jane.crt"),
                   "client-key-data": world.data("jane.key")}
    for user in (TOKEN, {"username": "jane"}, certificate):
        world.same(world.config(user={**user, **exec_user("./plugin")}))
        assert not (world.folder / "ran").exists()


@pytest.mark.parametrize("more", [
    {"interactiveMode": "Always"}, {"interactiveMode": "Sometimes"}, {"interactiveMode": ""},
    {"apiVersion": "client.authentication.k8s.io/v1alpha1"}, {"command": ""},
    {"command": "./none", "installHint": "install it"}, {"env": [{"name": "", "value": "x"}]}])
def test_a_plugin_that_cannot_be_run_is_refused(world, more):
    plugin_script(world, {"token": "t"})
    message = world.refused(world.config(user=exec_user(**{"command": "./plugin", **more})))
    if "installHint" in more:
        assert "install it" in message


# auth-provider

def id_token(seconds):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    return f"{part({'alg': 'none'})}.{part({'sub': 'jäne?>', 'exp': int(time.time()) + seconds})}.x"


def oidc(token, **more):
    return {"auth-provider": {"name": "oidc", "config": {
        "client-id": "kubernetes", "idp-issuer-url": "https://127.0.0.1:1", "id-token": token,
        **more}}}


def test_a_valid_id_token_is_sent(world):
    token = id_token(3600)
    assert world.same(world.config(user=oidc(token)))["authorization"] == "Bearer " + token
    sent = world.same(world.config(user={**TOKEN, **oidc(token)}))
    assert sent["authorization"] == "Bearer token-of-jane"


def test_an_expired_id_token_is_refused_with_what_to_do(world):
    for seconds in (-60, 5):
        message = world.refused(world.config(user=oidc(id_token(seconds))))
        assert "expired at" in message and "kubectl" in message
    message = world.refused(world.config(user=oidc(id_token(-60), **{"refresh-token": "hidden"})))
    assert "hidden" not in message


def test_an_id_token_that_is_none_is_refused(world):
    assert "secret-text" not in world.refused(world.config(user=oidc("secret-text")))
    user = oidc(id_token(3600))
    del user["auth-provider"]["config"]["client-id"]
    world.refused(world.config(user=user))


@pytest.mark.parametrize("name", ["gcp", "azure", "openstack", "none"])
def test_a_provider_that_kubectl_has_no_more_is_refused(world, name):
    assert name in world.refused(world.config(user={"auth-provider": {"name": name}}))


# The file as a whole

def test_json_and_unknown_fields_are_taken(world):
    config = world.config(user={**TOKEN, "unknown": 7, "extensions": []}, preferences={},
                          extensions=[{"name": "x", "extension": {"a": 1}}], unknown=[1])
    world.same(config)
    del config["apiVersion"], config["kind"]
    world.same(config)


def test_another_kind_or_no_yaml_is_refused(world):
    world.refused({**world.config(), "kind": "Deployment", "apiVersion": "apps/v1"})
    world.refused("clusters: [")


def test_two_entries_of_one_name_are_refused(world):
    config = world.config(user=TOKEN)
    config["users"].append(config["users"][0])
    message = world.refused(config)
    assert "token-of-jane" not in message


@pytest.mark.parametrize("name", [
    "dev-frontend+foo", "my first cluster", "R&D", "team/api:6443/kube:admin", "dev#1", "50%25"])
def test_a_context_may_have_any_name(world, name):
    config = world.config(user=TOKEN)
    config["contexts"][0]["name"] = name
    config["current-context"] = "none"
    world.same(config, flags=("--context", name))


def test_what_does_not_exist_is_refused(world):
    config = world.config()
    assert "'none'" in world.refused(config, flags=("--context", "none"))
    for field in ("cluster", "user"):
        broken = world.config()
        broken["contexts"][0]["context"][field] = "none"
        assert "'none'" in world.refused(broken)


def test_a_context_without_a_user_is_anonymous(world):
    config = world.config(user=TOKEN)
    del config["contexts"][0]["context"]["user"]
    # kubectl would ask for a user name and a password instead.
    _, plugin = world.both(config)
    assert plugin.code == 0 and plugin.sent()["authorization"] is None


# KUBECONFIG

def test_the_first_file_wins_for_each_entry_as_a_whole(world):
    first = {"users": [{"name": "u", "user": {"token": "first"}}]}
    second = world.config(user={"token": "second", "as": "nobody"})
    files = [world.write("a/first", first), str(world.folder / "missing"), "",
             world.write("b/second", second)]
    sent = world.same(files)
    assert sent["authorization"] == "Bearer first" and sent["impersonation"] == []


def test_the_first_current_context_wins(world):
    first = {"current-context": "other",
             "contexts": [{"name": "other", "context": {"cluster": "c", "user": "o"}}]}
    second = world.config(user={"token": "second"})
    third = {"users": [{"name": "o", "user": {"token": "third"}}]}
    files = [world.write(name, config)
             for name, config in (("1", first), ("2", second), ("3", third))]
    assert world.same(files)["authorization"] == "Bearer third"


def test_files_are_relative_to_the_kubeconfig_that_names_them(world):
    world.write("a/token", "of-a")
    world.write("b/token", "of-b")
    world.copy("ca.crt", "b/ca.crt")
    first = {"users": [{"name": "u", "user": {"tokenFile": "token"}}]}
    second = world.config(world.cluster(**{
        "certificate-authority-data": None, "certificate-authority": "ca.crt"}),
                          {"tokenFile": "token"})
    sent = world.same([world.write("a/config", first), world.write("b/config", second)])
    assert sent["authorization"] == "Bearer of-a"


def test_the_file_of_the_home_folder_is_the_last_resort(world):
    world.write("home/.kube/config", world.config(user=TOKEN))
    kubectl, plugin = world.both([])
    assert kubectl.code == plugin.code == 0, (kubectl.error, plugin.error)
    assert plugin.sent() == kubectl.sent()
