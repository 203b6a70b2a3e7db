"""The local registry delivers those images that their own registry does not accept."""
import pytest

import release
import upstream
from registries import (condition, holds, local_registry, push, run_pod, wait_condition, wait_event,
                        wait_ready)
from world import apply, get, kubectl, patch, stays, wait_until

PORT, OTHER_PORT, WITH_TOKENS, TOKEN_PORT = 5443, 5444, 5445, 5446
CHECK_SECONDS = 60

pytestmark = pytest.mark.alone


@pytest.fixture(scope="module")
def registries(tmp_path_factory):
    """Runs a registry with passwords and one with tokens, whose CAs the operator trusts. Returns
    their folder."""
    folder = tmp_path_factory.mktemp("upstream")
    authority = upstream.Authority(folder / "trusted")
    tokens = upstream.token_server(folder / "tokens", TOKEN_PORT,
                                   **{"org/project/image": ["pull", "push", "delete"],
                                      "org/project/other": ["pull"]})
    with tokens as auth:
        trust(authority.pem() + (folder / "tokens" / "ca.crt").read_text())
        passwords = upstream.htpasswd(folder / "one")
        with upstream.registry(folder / "one", PORT, authority, passwords), \
                upstream.registry(folder / "two", WITH_TOKENS, authority, auth):
            yield folder
    release.upgrade()


def trust(authorities):
    """Makes the operator trust these CAs for registries."""
    lines = authorities.strip().replace("\n", "\n    ")
    kubectl("--namespace", release.NAMESPACE, "apply", "--filename", "-", stdin=f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: registry-ca}}
data:
  ca.crt: |
    {lines}
""")
    release.upgrade("pushCheck.caConfigMap=registry-ca")


def may_read_secrets(namespace):
    """Grants the operator access to Secrets, as the owner of the namespace would."""
    kubectl("--namespace", namespace, "create", "rolebinding", "push-secrets",
            f"--clusterrole={release.NAME}-push-secrets",
            f"--serviceaccount={release.NAMESPACE}:{release.NAME}")


def resource(image, *secrets, **spec):
    return local_registry(localbuild=True, images=[{"name": "backend", "image": image}],
                          pushSecrets=[{"name": name} for name in secrets], **spec)


def image_status(namespace):
    registry = get("LocalRegistry", namespace, "dev")
    images = registry.get("status", {}).get("images", [])
    current = registry.get("status", {}).get("observedGeneration") == registry["metadata"][
        "generation"]
    return images[0] if images and current else {}


def wait_image(namespace, permission, delivery):
    def decided():
        found = image_status(namespace)
        assert (found.get("pushPermission"), found.get("delivery")) == (permission, delivery), found
        return found

    return wait_until(f"the image is {permission}, by {delivery}", decided, CHECK_SECONDS)


def test_an_image_that_its_registry_refuses_is_delivered_by_the_local_one(namespace, registries):
    image = f"{upstream.host(PORT)}/org/project/image"
    apply(namespace, resource(image))
    found = wait_image(namespace, "Denied", "LocalRegistry")
    port = wait_ready(namespace)["nodePort"]
    found = image_status(namespace)
    assert found["resolved"] == f"localhost:{port}/org/project/image", found
    wait_event(namespace, "DeliveryDecided", containing="backend: LocalRegistry")
    push(port, "org/project/image:dev")
    assert run_pod(namespace, f"{found['resolved']}:dev", "echo", "runs") == "runs\n"


def test_an_image_that_its_registry_accepts_is_left_upstream(namespace, registries):
    may_read_secrets(namespace)
    image = f"{upstream.host(PORT)}/org/project/image"
    apply(namespace, upstream.secret("regcred", PORT), resource(image, "regcred"))
    found = wait_image(namespace, "Granted", "Upstream")
    assert found["resolved"] == image
    wait_condition(namespace, "Ready", "True", "Upstream")
    stays("no registry runs", lambda: get("Deployment", namespace, "registry") is None)
    assert not upstream.has_open_upload(registries / "one")


def test_a_registry_with_tokens_is_asked_whether_each_repository_may_be_pushed(
        namespace, registries):
    may_read_secrets(namespace)
    asked = {name: f"{upstream.host(WITH_TOKENS)}/org/project/{name}"
             for name in ("image", "other")}
    apply(namespace, upstream.secret("regcred", WITH_TOKENS), local_registry(
        localbuild=True, images=[{"name": name, "image": asked[name]} for name in asked],
        pushSecrets=[{"name": "regcred"}]))

    def decided():
        status = get("LocalRegistry", namespace, "dev").get("status", {})
        found = {image["name"]: (image.get("pushPermission"), image.get("delivery"))
                 for image in status.get("images", [])}
        assert found == {"image": ("Granted", "Upstream"),
                         "other": ("Denied", "LocalRegistry")}, status

    wait_until("each is decided", lambda: decided() is None, CHECK_SECONDS)
    assert not upstream.has_open_upload(registries / "two")
    apply(namespace, upstream.secret("regcred", WITH_TOKENS, "hunter2"))
    patch("LocalRegistry", namespace, "dev", {"spec": {"images": [
        {"name": "image", "image": asked["image"]}]}})
    wait_image(namespace, "Denied", "LocalRegistry")


def test_wrong_credentials_are_denied(namespace, registries):
    may_read_secrets(namespace)
    apply(namespace, upstream.secret("regcred", PORT, "hunter2"),
          resource(f"{upstream.host(PORT)}/org/project/image", "regcred"))
    found = wait_image(namespace, "Denied", "LocalRegistry")
    assert "hunter2" not in str(get("LocalRegistry", namespace, "dev")), found
    assert "hunter2" not in release.logs()


def test_a_missing_secret_is_named_and_looked_for_again(namespace, registries):
    may_read_secrets(namespace)
    apply(namespace, resource(f"{upstream.host(PORT)}/org/project/image", "regcred"))
    found = wait_image(namespace, "Unknown", "LocalRegistry")
    assert found["message"].startswith("Secret regcred cannot be used: it must exist"), found
    apply(namespace, upstream.secret("regcred", PORT))
    found = wait_image(namespace, "Granted", "LocalRegistry")  # delivery unchanged
    assert "until the spec changes" in found["message"]
    wait_ready(namespace)
    patch("LocalRegistry", namespace, "dev", {"spec": {"images": [
        {"name": "backend", "image": f"{upstream.host(PORT)}/org/project/other"}]}})
    wait_image(namespace, "Granted", "Upstream")
    wait_until("the registry is removed", lambda: get("Service", namespace, "registry") is None)


def test_a_secret_that_the_operator_may_not_read_says_how_to_allow_it(namespace, registries):
    apply(namespace, upstream.secret("regcred", PORT),
          resource(f"{upstream.host(PORT)}/org/project/image", "regcred"))
    found = wait_image(namespace, "Unknown", "LocalRegistry")
    assert "must be allowed to read Secrets in namespace" in found["message"], found


UNREACHABLE = "the operator cannot reach a registry at {}:"


def test_a_certificate_that_is_not_trusted_reads_like_an_absent_registry(namespace, registries):
    stranger = upstream.Authority(registries / "stranger")
    with upstream.registry(registries / "two", OTHER_PORT, stranger):
        apply(namespace, resource(f"{upstream.host(OTHER_PORT)}/org/image"))
        found = wait_image(namespace, "Unknown", "LocalRegistry")
    assert found["message"].startswith(UNREACHABLE.format(upstream.host(OTHER_PORT))), found


def test_a_registry_that_is_down_is_reported(namespace, registries):
    apply(namespace, resource(f"{upstream.host(OTHER_PORT)}/org/image"))
    found = wait_image(namespace, "Unknown", "LocalRegistry")
    assert found["message"].startswith(UNREACHABLE.format(upstream.host(OTHER_PORT))), found


def test_an_address_of_the_node_itself_is_never_asked(namespace, registries):
    for image in ("localhost:5000/org/image", "169.254.169.254/org/image", "127.0.0.1:22/image"):
        apply(namespace, resource(image))
        found = wait_image(namespace, "Unknown", "LocalRegistry")
        assert found["message"].startswith(UNREACHABLE.format(image.split("/")[0])), found


def test_plain_http_needs_the_flag(namespace, registries):
    with upstream.registry(registries / "plain", OTHER_PORT):
        apply(namespace, resource(f"{upstream.host(OTHER_PORT)}/org/image"))
        wait_image(namespace, "Unknown", "LocalRegistry")
        release.upgrade("pushCheck.caConfigMap=registry-ca",
                        f"pushCheck.insecureRegistries={{{upstream.host(OTHER_PORT)}}}")
        patch("LocalRegistry", namespace, "dev", {"spec": {"images": [
            {"name": "backend", "image": f"{upstream.host(OTHER_PORT)}/org/other"}]}})
        wait_image(namespace, "Granted", "Upstream")
    release.upgrade("pushCheck.caConfigMap=registry-ca")


def test_two_images_with_one_path_cannot_both_be_delivered(namespace, registries):
    apply(namespace, local_registry(localbuild=True, enabled=True, images=[
        {"name": "one", "image": "ghcr.io/org/image"},
        {"name": "two", "image": "quay.io/org/image"}]))
    wait_ready(namespace)
    one, two = get("LocalRegistry", namespace, "dev")["status"]["images"]
    assert one["delivery"] == "LocalRegistry" and "delivery" not in two, (one, two)
    assert "org/image" in two["message"]
    assert condition(namespace, "Ready")[0] == "True"
    assert holds(node_port_of(one)) is False


def node_port_of(image):
    return int(image["resolved"].split("/")[0].rpartition(":")[2])
