"""What can go wrong in the media service.

MediaError
├── SessionNotFound      the session was never opened here, or was closed a while ago
├── SessionEnded         the session id was used by a session that is closed
├── CapacityExceeded     no pair of ports is free (MED-13)
├── Draining             no new session, this instance is about to end
├── InvalidRequest       a field is wrong
├── NotConvertible       the legs' codecs can't be converted into each other (MED-03)
├── NoCodec              nothing can be played to a leg whose codec isn't known or spoken here
└── AudioNotFound        no sound has this name
"""

from trunkline_kernel.faults import Fault, TrunklineError


class MediaError(TrunklineError):
    """A failure of the media service."""


class SessionNotFound(MediaError):
    """No session has this id."""

    fault = Fault.NOT_FOUND
    reason = "SESSION_NOT_FOUND"


class SessionEnded(MediaError):
    """The session with this id has been closed. Ids are unique for ever."""

    fault = Fault.FAILED_PRECONDITION
    reason = "SESSION_ENDED"


class CapacityExceeded(MediaError):
    """No pair of ports is free."""

    fault = Fault.RESOURCE_EXHAUSTED
    reason = "CAPACITY_EXCEEDED"


class Draining(MediaError):
    """This instance takes no new session."""

    fault = Fault.UNAVAILABLE
    reason = "DRAINING"


class InvalidRequest(MediaError):
    """A field of the request is wrong."""

    fault = Fault.INVALID_ARGUMENT
    reason = "INVALID_MEDIA_REQUEST"


class NotConvertible(MediaError):
    """The legs' codecs cannot be converted into each other."""

    fault = Fault.FAILED_PRECONDITION
    reason = "CODEC_MISMATCH"


class NoCodec(MediaError):
    """Nothing can be played to this leg."""

    fault = Fault.FAILED_PRECONDITION
    reason = "NO_CODEC"


class AudioNotFound(MediaError):
    """No sound has this name."""

    fault = Fault.NOT_FOUND
    reason = "AUDIO_NOT_FOUND"
