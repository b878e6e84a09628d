"""Our own check of a signature: what KMS answers is held against the attestor's key before anybody else sees it."""

from __future__ import annotations

import pytest

from local.google.kms import Deceit
from shared.domain.errors import Fault, Unavailable
from shared.domain.payload import PayloadForm
from shared.workflow.signing import SigningSettings
from tests.workflow.signing_rig import VERSION, Rig, images, signing


@pytest.mark.parametrize("algorithm", ["EC_SIGN_P256_SHA256", "RSA_SIGN_PKCS1_2048_SHA256"])
@pytest.mark.parametrize("form", PayloadForm)
@pytest.mark.parametrize("deceit", Deceit)
def test_a_signature_that_is_not_ours_goes_nowhere(deceit: Deceit, form: PayloadForm, algorithm: str) -> None:
    """Its checksums and its name are right; so nothing but the attestor's own public key can tell."""

    async def story(rig: Rig) -> None:
        rig.google.keys.deceit = deceit

        with pytest.raises(Unavailable, match=f"the signature by {VERSION} is not to be trusted: ") as caught:
            await rig.prove(images(2), settings=SigningSettings(form))

        assert caught.value.fault is Fault.SIGNATURE_NOT_OURS
        assert "binauthz.ValidateAttestationOccurrence" not in rig.counted
        assert not any("Create" in call for call in rig.counted)
        assert await rig.stored() == []

    signing(story, algorithm=algorithm)
