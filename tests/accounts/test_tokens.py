"""Sign-ins as families of tokens."""

from typing import Any

import pytest

from accounts.families import families_revoke, user_families_revoke
from accounts.models import RefreshFamily
from accounts.tokens import TokenRefusedError, tokens_issue, tokens_refresh, verify_access


def test_an_access_token_names_its_user_role_and_sign_in(sam: Any) -> None:
    identity = verify_access(tokens_issue(user=sam)["access"])
    family = RefreshFamily.objects.get()
    assert (identity.pk, identity.role, identity.family_id) == (sam.pk, "supplier", family.pk)
    assert identity.person() == sam


def test_a_used_refresh_token_ends_the_whole_sign_in(alice: Any) -> None:
    first = tokens_issue(user=alice)
    second = tokens_refresh(refresh=first["refresh"])
    verify_access(second["access"])
    with pytest.raises(TokenRefusedError) as refused:
        tokens_refresh(refresh=first["refresh"])
    assert refused.value.code == "token_reused"
    for token in (first, second):
        with pytest.raises(TokenRefusedError) as refused:
            verify_access(token["access"])
        assert refused.value.code == "token_revoked"
    with pytest.raises(TokenRefusedError) as refused:
        tokens_refresh(refresh=second["refresh"])
    assert refused.value.code == "token_revoked"


def test_revoking_one_sign_in_leaves_the_others(alice: Any, bob: Any) -> None:
    phone, tablet, other = tokens_issue(user=alice), tokens_issue(user=alice), tokens_issue(user=bob)
    families_revoke([verify_access(phone["access"]).family_id])
    with pytest.raises(TokenRefusedError):
        verify_access(phone["access"])
    verify_access(tablet["access"])
    user_families_revoke(user_id=alice.pk)
    with pytest.raises(TokenRefusedError):
        verify_access(tablet["access"])
    verify_access(other["access"])


@pytest.mark.parametrize("text", ["", "x", "a.b.c", "é", "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_token_is_refused(text: str, db: None) -> None:
    with pytest.raises(TokenRefusedError) as refused:
        verify_access(text)
    assert refused.value.code == "token_invalid"


def test_a_refresh_token_is_no_access_token(alice: Any) -> None:
    with pytest.raises(TokenRefusedError):
        verify_access(tokens_issue(user=alice)["refresh"])
