"""What the player says, in the session's language."""

from __future__ import annotations

from pages.components.shared.shell import _


def player_texts() -> dict[str, str]:
    """The player's texts by their keys."""
    return {
        "play": _("Play"),
        "pause": _("Pause"),
        "start": _("Press space to play"),
        "frame_back": _("One frame back (,)"),
        "frame_on": _("One frame on (.)"),
        "previous": _("Previous moment (J)"),
        "next": _("Next moment (K)"),
        "loop": _("Loop the clip"),
        "mute": _("Mute"),
        "volume": _("Volume"),
        "fullscreen": _("Full screen"),
        "speed": _("Speed"),
        "funny": _("Funny"),
        "not_funny": _("Not funny"),
        "skip": _("Skip"),
        "undo": _("Undo"),
        "undone": _("Undone"),
        "marked": _("Funny"),
        "clip": _("Clip"),
        "saving": _("saving…"),
        "saved": _("saved"),
        "not_saved": _("Not saved"),
        "discard": _("Discard"),
        "not_prepared": _("This place is not prepared for playback yet."),
        "gone": _("Labelled elsewhere: skipped"),
        "queue_empty": _("No clips left in this queue."),
        "unplayable": _("The browser cannot show this video."),
        "labels": _("Labels"),
        "moments": _("Moments"),
        "move_start": _("move the clip"),
        "move_start_far": _("by 1 s"),
        "change_length": _("length"),
        "jump": _("previous, next moment"),
        "step": _("frame"),
        "speeds": _("1×, 1.5×, 2×"),
        "zoom": _("zoom (or wheel; double click resets)"),
        "range": _("drag to select a range"),
        "space": _("Space"),
        "origin_random": _("random"),
        "origin_in_order": _("in order"),
        "origin_peaks": _("peak"),
        "origin_likely": _("likely funny"),
        "origin_laughter": _("laughter"),
        "origin_chat": _("chat"),
        "origin_uncertain": _("uncertain"),
    }
