"""What can go wrong in auth.

TrunklineError
└── AuthError
    ├── InvalidAddress          an address in a document or a request
    ├── MalformedCredentials    an Authorization header, answered with 400
    ├── NoBinding               a terminal that is not registered
    ├── NoSuspension            nothing to lift
    ├── NoNumberList            an import into a list that doesn't exist
    ├── NoListBefore            a list that never changed, to be put back
    ├── PasswordTooShort        a password that breaks the policy
    ├── NotLoggedIn             a login that failed, or a token that is none
    └── NotAllowed              an operator without the right

A source that is refused is no error: `admission.decisions` has the outcomes of a request.
"""

from trunkline_kernel.faults import Fault, TrunklineError


class AuthError(TrunklineError):
    """Auth can't do what was asked."""


class InvalidAddress(AuthError):
    """An IP address, address and port, or network is not written as one."""

    fault = Fault.INVALID_ARGUMENT
    reason = "INVALID_ADDRESS"

    def __init__(self, text: str, expected: str) -> None:
        super().__init__(f"{text[:64]!r}: {expected}")


class MalformedCredentials(AuthError):
    """An Authorization or Proxy-Authorization header breaks the grammar of RFC 7616.

    The message never repeats the header.
    """

    fault = Fault.INVALID_ARGUMENT
    reason = "MALFORMED_CREDENTIALS"


class NoBinding(AuthError):
    """The terminal is not registered."""

    fault = Fault.NOT_FOUND
    reason = "NO_BINDING"


class NoSuspension(AuthError):
    """Nobody is suspended under that identity and address."""

    fault = Fault.NOT_FOUND
    reason = "NO_SUSPENSION"


class NoNumberList(AuthError):
    """No number list has this name."""

    fault = Fault.NOT_FOUND
    reason = "NO_NUMBER_LIST"


class NoListBefore(AuthError):
    """There is nothing that a number list could be put back to."""

    fault = Fault.FAILED_PRECONDITION
    reason = "NO_LIST_BEFORE"


class PasswordTooShort(AuthError):
    """A password is shorter than SERVER_PASSWORD_LENGTH."""

    fault = Fault.INVALID_ARGUMENT
    reason = "PASSWORD_TOO_SHORT"


class NotLoggedIn(AuthError):
    """Name or password is wrong, or the login is over.

    The message is the same whatever it is that is wrong.
    """

    fault = Fault.UNAUTHENTICATED
    reason = "NOT_LOGGED_IN"


class LoginDisabled(NotLoggedIn):
    """Too many failures came before; the message doesn't tell."""

    reason = "LOGIN_DISABLED"


class NotAllowed(AuthError):
    """The operator was not granted this."""

    fault = Fault.PERMISSION_DENIED
    reason = "NOT_ALLOWED"
