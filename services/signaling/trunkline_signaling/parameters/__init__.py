"""Parameters that signaling obeys (specification, section 8). They hold for new calls."""

from typing import Final

from . import calls, h323, media, sip

PARAMETERS: Final = (*sip.PARAMETERS, *calls.PARAMETERS, *media.PARAMETERS, *h323.PARAMETERS)
"""All of them."""
CHECKS: Final = (sip.lists_fit, calls.margin_fits, media.encryption_fits)
"""What must be true of several together."""
