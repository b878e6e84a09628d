"""What is asked, and which answers are believed."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from local.faults import Faults
from local.registry import Lie, media_types, push_image
from shared.clients.registry import Registries, registry_session
from shared.domain.errors import Fault, Reason, Rejected
from shared.domain.image import Digest, PinnedImage
from tests.clients.registry.asking import DIGEST, IMAGE, OTHER, asking, found, manifest, run, scripted, unavailable
from tests.local.registry.running import HOST, NAME, stand_in


def test_one_head_with_all_four_media_types_is_enough() -> None:
    """GET would count against Docker Hub's limit; a narrower Accept would name one platform's image of an index."""

    async def story() -> None:
        async with scripted(lambda _: manifest(DIGEST)) as server, asking(server.url) as find:
            assert await find("v1") == found(DIGEST)

        (seen,) = server.seen
        assert (seen.method, seen.target, seen.authorization) == ("HEAD", f"/v2/{NAME}/manifests/v1", None)
        assert set((seen.accept or "").split(", ")) == set(media_types.ALL)

    run(story())


@pytest.mark.parametrize("index", [False, True])
def test_where_head_says_no_digest_the_bytes_are_hashed(index: bool) -> None:
    """The registry's word is not needed: the digest is the bytes' own, for an index too."""

    async def story() -> None:
        faults = Faults()
        async with stand_in(faults) as registry, asking(registry.url) as find:
            pushed = await push_image(registry.url, NAME, "v1", content=b"posts", index=index)
            registry.lie(NAME, "v1", Lie.NO_DIGEST_HEADER)

            answer = await find("v1")

            assert answer is not None
            assert (answer.digest, answer.media_type in media_types.INDEXES) == (pushed, index)
        assert faults.calls("registry.get") == {"registry.get-manifest": 1}

    run(story())


@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_where_head_is_not_served_get_is_asked(status: int) -> None:
    """Some registries, and proxies before them, serve no HEAD, each with an answer of its own."""

    async def story() -> None:
        def answer(request: web.Request) -> web.Response:
            return manifest(DIGEST) if request.method == "GET" else web.Response(status=status)

        async with scripted(answer) as server, asking(server.url) as find:
            assert await find("v1") == found(DIGEST)
        async with scripted(lambda _: web.Response(status=status)) as server, asking(server.url) as find:
            if status == 404:  # which GET says too
                assert await find("v1") is None
            else:
                assert await unavailable(find("v1")) == (
                    Fault.REFUSED,
                    f"{HOST} answers {status} for {HOST}/{NAME}, v1",
                )
        assert [seen.method for seen in server.seen] == ["HEAD", "GET"]

    run(story())


def test_where_head_says_no_media_type_get_is_asked() -> None:
    """What it is decides whether it can be pinned; the bytes that GET brings are held against their digest."""

    async def story() -> None:
        def answer(request: web.Request) -> web.StreamResponse:
            full = manifest(DIGEST)
            if request.method == "HEAD":
                del full.headers["Content-Type"]
                full.body = None  # else aiohttp writes a type of its own
            return full

        async with scripted(answer) as server, asking(server.url) as find:
            assert await find("v1") == found(DIGEST)
        assert [seen.method for seen in server.seen] == ["HEAD", "GET"]

    run(story())


@pytest.mark.parametrize(
    ("stated", "sentence"),
    [
        (OTHER, f"{HOST}, asked for {NAME}, answers {OTHER} where {DIGEST} was asked for"),
        ("sha256:abc", f"{HOST}, asked for {NAME}, names no digest: 'sha256:abc' is no digest: it must be sha256: "),
        (DIGEST.upper(), f"{HOST}, asked for {NAME}, names no digest: 'SHA256:"),
        ("", f"{HOST}, asked for {NAME}, names no digest: '' is no digest"),
    ],
    ids=["another", "malformed", "upper case", "empty"],
)
def test_a_digest_header_must_be_one_and_name_what_was_asked_for(stated: str, sentence: str) -> None:
    """A registry that contradicts the question is not believed about anything."""

    async def story() -> None:
        async with scripted(lambda _: manifest(stated)) as server, asking(server.url) as find:
            fault, detail = await unavailable(find(DIGEST))

        assert fault is Fault.WRONG_ANSWER
        assert detail.startswith(sentence)

    run(story())


def test_two_digest_headers_that_differ_are_none() -> None:
    """Which of the two counts would depend on who reads them."""

    async def story() -> None:
        def twice(_: web.Request) -> web.Response:
            answer = manifest(DIGEST)
            answer.headers.add("Docker-Content-Digest", OTHER)
            return answer

        async with scripted(twice) as server, asking(server.url) as find:
            fault, detail = await unavailable(find("v1"))

        assert fault is Fault.WRONG_ANSWER
        assert "names no digest" in detail

    run(story())


def test_bytes_that_do_not_hash_to_the_digest_are_refused() -> None:
    """By digest: what was asked for is the judge. By tag: the registry's own header is."""

    async def story() -> None:
        def silent(request: web.Request) -> web.Response:
            return manifest(OTHER if request.method == "GET" and request.path.endswith("v1") else None)

        async with scripted(silent) as server, asking(server.url) as find:
            assert await find(DIGEST) == found(DIGEST)
            by_digest = await unavailable(find(OTHER))
            by_tag = await unavailable(find("v1"))

        assert by_digest == (
            Fault.WRONG_ANSWER,
            f"{HOST}, asked for {NAME}, answers {DIGEST} where {OTHER} was asked for",
        )
        assert by_tag == (
            Fault.WRONG_ANSWER,
            f"{HOST}, asked for {NAME}, says that v1 is {OTHER}, and sends bytes whose digest is {DIGEST}",
        )

    run(story())


def test_a_digest_over_no_bytes_is_not_believed() -> None:
    """Of a GET the bytes count, and no bytes are not those of the digest: a manifest would pass that nobody read."""

    async def story() -> None:
        async with scripted(lambda _: manifest(DIGEST, body=b"")) as server, registry_session() as session:
            registries = Registries(session, {HOST: server.url})
            fault, detail = await unavailable(registries.read(PinnedImage(IMAGE, Digest(DIGEST))))

        assert fault is Fault.WRONG_ANSWER
        assert detail == f"{HOST}, asked for {NAME}, sends no bytes for {DIGEST}"

    run(story())


def test_no_digest_and_no_bytes_is_no_answer() -> None:
    """The digest of nothing is well known, and names nothing."""

    async def story() -> None:
        async with scripted(lambda _: manifest(body=b"")) as server, asking(server.url) as find:
            assert await unavailable(find("v1")) == (
                Fault.WRONG_ANSWER,
                f"{HOST}, asked for {NAME}, sends no bytes for v1",
            )

    run(story())


def test_an_endless_body_is_left_at_its_limit() -> None:
    """No registry has a manifest of over 4 MiB; whoever sends one wants our memory."""

    async def story() -> None:
        def endless(request: web.Request) -> web.StreamResponse | asyncio.Future[web.StreamResponse]:
            return manifest() if request.method == "HEAD" else asyncio.ensure_future(_pour(request))

        async with scripted(endless) as server, asking(server.url) as find:
            fault, detail = await unavailable(find("v1"))

        assert (fault, detail) == (
            Fault.WRONG_ANSWER,
            f"{HOST} sends over 4,194,304 bytes for {server.url}/v2/{NAME}/manifests/v1",
        )

    run(story())


async def _pour(request: web.Request) -> web.StreamResponse:
    answer = web.StreamResponse(headers={"Content-Type": media_types.OCI_MANIFEST})
    await answer.prepare(request)
    while request.transport is not None:
        await answer.write(b" " * 65_536)
    return answer


def test_a_compressed_body_is_not_unpacked() -> None:
    """Nothing but identity was asked for, and a few bytes can unpack to gigabytes."""

    async def story() -> None:
        def packed(_: web.Request) -> web.Response:
            answer = manifest()
            answer.headers["Content-Encoding"] = "gzip"
            return answer

        async with scripted(packed) as server, asking(server.url) as find:
            assert await unavailable(find("v1")) == (
                Fault.WRONG_ANSWER,
                f"{HOST} sends 'gzip' where nothing but identity was asked for",
            )

    run(story())


@pytest.mark.parametrize("media_type", ["text/html", "application/json", "application/octet-stream"])
def test_a_page_is_no_manifest(media_type: str) -> None:
    """A proxy in between answers 200 to anything; the event waits until the registry itself does."""

    async def story() -> None:
        async with scripted(lambda _: manifest(DIGEST, content_type=media_type)) as server, asking(server.url) as find:
            assert await unavailable(find("v1")) == (
                Fault.WRONG_ANSWER,
                f"{HOST}, asked for {NAME}, answers '{media_type}' where a manifest was asked for",
            )

    run(story())


@pytest.mark.parametrize(
    "media_type",
    ["application/vnd.docker.distribution.manifest.v1+prettyjws", "application/vnd.oci.artifact.manifest.v1+json"],
)
def test_what_the_registry_knows_to_be_no_image_is_rejected(media_type: str) -> None:
    """It will never become one, however often it is asked for."""

    async def story() -> None:
        async with scripted(lambda _: manifest(DIGEST, content_type=media_type)) as server, asking(server.url) as find:
            with pytest.raises(Rejected) as rejected:
                await find("v1")

        assert rejected.value.reason is Reason.UNKNOWN_IMAGE
        assert rejected.value.detail == f"{IMAGE} is no image: the registry says it is '{media_type}'"

    run(story())


@pytest.mark.parametrize("reference", ["..", "v1/../../x", "v1?x=y", "", "-v1", "sha512:abc", DIGEST.upper()])
def test_what_is_neither_tag_nor_digest_is_asked_of_nobody(reference: str) -> None:
    """It would be another path in the registry, or another resource."""

    async def story() -> None:
        async with scripted(lambda _: manifest(DIGEST)) as server, asking(server.url) as find:
            with pytest.raises(Rejected):
                await find(reference)

        assert server.seen == []

    run(story())


def test_a_certificate_that_nobody_vouches_for_is_not_spoken_to(tmp_path: Path) -> None:
    """TLS is verified: whoever sits in between sees no request, and so no credentials."""

    async def story() -> None:
        asked = []

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.read())
            writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=_own_certificate(tmp_path))
        async with server, asking(f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}") as find:
            fault, detail = await unavailable(find("v1"))

        assert fault is Fault.UNREACHABLE
        assert "ClientConnectorCertificateError" in detail
        assert asked == []

    run(story())


def _own_certificate(folder: Path) -> SSLContext:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number()).not_valid_before(now)
    certificate = builder.not_valid_after(now + timedelta(hours=1)).sign(key, hashes.SHA256())
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / "certificate.pem"
    file.write_bytes(certificate.public_bytes(pem) + key.private_bytes(pem, private, serialization.NoEncryption()))
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context
