"""File formats of event cameras (address-event representation, AER): private readers and writers.

One module per format, each with ``read(path, ...)`` that returns a :class:`._formats.recording.Recording` and
``write(path, recording, ...)``; ``store`` holds the recordings of a whole data set in one file. The contract:

* x runs to the right and y downwards from the upper left pixel, as in an image; polarity is True for ON (brighter);
  times are microseconds that do not fall. Readers undo mirroring, wraps and overflows; writers do the reverse, so that
  what was written is what is read.
* What a format cannot hold is refused when writing; nothing is rounded, shifted or left out silently.
* A file that is missing, empty, truncated, of another format or inconsistent is refused with one
  :class:`stdp_pipeline.errors.DataError` that names the file, the byte (in the store: the array and the index), what
  was found and what was expected. Nothing is guessed.
* Files are written whole or not at all; equal recordings give equal bytes.
"""
