"""Images are drawn anew: only the picture goes on, no EXIF, no place, no profile, nothing that was appended."""

import io
from threading import Lock
from typing import Any, Final

from PIL import Image, ImageOps, ImageSequence, JpegImagePlugin

from fangxin.files.sniffing import GIF, JPEG, PNG, WEBP
from fangxin.kernel.errors import BadInput

_FORMATS: Final = {JPEG: "JPEG", PNG: "PNG", WEBP: "WEBP", GIF: "GIF"}
_FRAMES: Final = 300
_MODES: Final = {"1": "L", "L": "L", "LA": "LA", "RGB": "RGB", "RGBA": "RGBA", "I;16": "I;16"}
_QUALITY: Final = 92
_one_at_a_time = Lock()  # a picture takes hundreds of megabytes while it is drawn; threads share one process


def redraw(content: bytes, media_type: str, *, pixels: int) -> bytes:
    """The same picture as a new file of the same type, turned upright as its orientation says.

    `pixels` is the limit of width times height, summed over the frames of an animation. Raises BadInput for what is
    larger, damaged, or not that kind of image after all.
    """
    with _one_at_a_time:
        try:
            return _redrawn(content, media_type, pixels)
        except BadInput:
            raise
        except Image.DecompressionBombError as error:
            raise _too_large(pixels) from error
        except Exception as error:  # Pillow throws whatever comes to hand for crafted files: struct.error, IndexError, SyntaxError …
            raise BadInput("files.image_damaged", "The picture can't be read: it is damaged, or not what its beginning says.") from error


def _redrawn(content: bytes, media_type: str, pixels: int) -> bytes:
    with Image.open(io.BytesIO(content), formats=(_FORMATS[media_type],)) as image:
        frames = 1 if media_type == JPEG else getattr(image, "n_frames", 1)  # a phone's second JPEG is a depth map
        size = image.width * image.height
        if size > pixels or size * frames > pixels or frames > _FRAMES:
            raise _too_large(pixels)
        target = io.BytesIO()
        if frames > 1:
            _animation(image, target, media_type)
        else:
            options = _options(image, media_type)
            drawn = _bare(ImageOps.exif_transpose(image), media_type)
            _save(drawn, target, media_type, options)
        return target.getvalue()


def _bare(image: Image.Image, media_type: str) -> Image.Image:
    """The picture alone: `convert` makes a new one, and what an image carries along (comment, EXIF, XMP, profile) lies in `info`."""
    image.load()
    mode = _MODES.get(image.mode) or ("RGBA" if image.mode in {"PA", "RGBa", "La"} or "transparency" in image.info else "RGB")
    if image.mode in {"L", "RGB"} and "transparency" in image.info:
        mode = "RGBA"
    if media_type == JPEG and mode not in {"L", "RGB"}:
        mode = "RGB"
    if media_type == WEBP and mode not in {"RGB", "RGBA"}:
        mode = "RGBA" if mode == "LA" else "RGB"
    bare = image.convert(mode)
    bare.info = {}
    return bare


def _options(image: Image.Image, media_type: str) -> dict[str, Any]:
    """How to save: a JPEG by the tables it came with, so that hardly anything is lost twice."""
    if media_type == JPEG and isinstance(image, JpegImagePlugin.JpegImageFile) and image.mode in {"L", "RGB"}:
        tables = {number: table for number, table in image.quantization.items() if all(0 < step < 256 for step in table)}
        if tables and set(tables) == set(range(len(tables))) and len(tables) == len(image.quantization):
            return {"qtables": tables, "subsampling": JpegImagePlugin.get_sampling(image), "optimize": True}
    if media_type == JPEG:
        return {"quality": _QUALITY}
    if media_type == WEBP:
        return {"quality": _QUALITY}
    return {}


def _save(image: Image.Image, target: io.BytesIO, media_type: str, options: dict[str, Any]) -> None:
    try:
        image.save(target, _FORMATS[media_type], **options)
    except (ValueError, TypeError, OSError):
        if "qtables" not in options:
            raise
        target.seek(0)
        target.truncate()
        image.save(target, "JPEG", quality=_QUALITY)


def _animation(image: Image.Image, target: io.BytesIO, media_type: str) -> None:
    durations = []
    frames = []
    for frame in ImageSequence.Iterator(image):
        durations.append(min(max(int(frame.info.get("duration", 100) or 100), 10), 60_000))
        frames.append(frame.convert("RGBA"))
    for frame in frames:
        frame.info = {}
    frames[0].save(target, _FORMATS[media_type], save_all=True, append_images=frames[1:], duration=durations, loop=0)


def _too_large(pixels: int) -> BadInput:
    return BadInput("files.too_many_pixels", "The picture has more than %(limit)d million pixels.", limit=pixels // 1_000_000)
