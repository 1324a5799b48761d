"""Secrets from the system's own keyring: Keychain, Credential Manager, Secret Service, or what the user has chosen.

    keyring set hyperwatt token_name
    keyring set hyperwatt token

It is asked only where `keyring` stands under `[publish]`: a locked one may open a window, before which a nightly run
would wait for ever.
"""

from collections.abc import Iterable

from pipeline.errors import SettingsError


def read_keyring(service: str, names: Iterable[str]) -> dict[str, str]:
    """Give what a keyring holds of some names.

    Parameters
    ----------
    service : str
        Under which they were put there.
    names : iterable of str
        As in a key file: "token_name", "token", ...

    Raises
    ------
    SettingsError
        The package is not installed; there is no keyring here, or it is locked.
    """
    try:
        import keyring
        from keyring.errors import KeyringError
    except ImportError as error:
        raise SettingsError("keyring under [publish] needs a package -> pip install 'hyperwatt[keyring]'") from error
    try:
        found = {name: keyring.get_password(service, name) for name in names}
    except KeyringError as error:
        # What a backend says may be long, and is not ours to vouch for: its kind is enough.
        raise SettingsError(
            f"the keyring cannot be read ({type(error).__name__}) -> unlock it, or name the token by "
            "HYPERWATT_TABLEAU_TOKEN_NAME and HYPERWATT_TABLEAU_TOKEN"
        ) from None
    return {name: value.strip() for name, value in found.items() if value}
