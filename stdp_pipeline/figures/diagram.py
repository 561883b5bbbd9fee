"""The network as a diagram: layers, connections, and their constants."""

from __future__ import annotations

from typing import Any

import numpy as np

from stdp_pipeline.figures._style import ACCENT, CONTRAST, GREY, bare, figure, svg, text_pt
from stdp_pipeline.network.params import NetworkParams

__all__ = ["INHIBITION", "network_diagram"]

INHIBITION = CONTRAST
"""Colour of the inhibitory layer, beside ACCENT for the excitatory one."""

_WIDTH, _BOTTOM, _TOP = 9.0, -0.25, 5.6  # inches, and the coordinates of everything below
_HEIGHT = _TOP - _BOTTOM
_IMAGE_X, _SOURCE_X, _EXC_X, _INH_X = 0.9, 2.6, 5.1, 7.85  # columns
_ROWS = (4.0, 3.45, 2.9, 1.95)  # heights of the neurons; the last one stands for the last neuron of its layer
_RADIUS = 0.17
_INK, _FAINT = "#2a2e35", "#555b66"
_DRAWN = 1  # row of the inhibitory neuron whose outgoing connections are drawn


def network_diagram(network: NetworkParams, image: np.ndarray, code: str, max_rate_hz: float) -> bytes:
    """Draw the layers and connections of a network with its constants.

    Parameters
    ----------
    network : NetworkParams
    image : (height, width) uint8
        An image to stand at the input; its size is the number of inputs.
    code : str
        Name of the code.
    max_rate_hz : float
        Rate of an input of the highest intensity, Hz; told of the Poisson code only.

    Returns
    -------
    bytes
        SVG. In print it needs two columns: in one its text could not be read.
    """
    with figure(_WIDTH, _HEIGHT) as (fig, axes):
        fig.set_layout_engine("none")
        axes.set_position([0, 0, 1, 1])
        bare(axes)
        axes.set(xlim=(0, _WIDTH), ylim=(_BOTTOM, _TOP))
        _plastic(axes)
        _lateral(axes)
        for x, colour in ((_SOURCE_X, GREY), (_EXC_X, ACCENT), (_INH_X, INHIBITION)):
            _column(axes, x, colour)
        _image(fig, axes, image)
        _words(axes, network, image.size, code, max_rate_hz)
        return svg(fig)


def _column(axes: Any, x: float, colour: str) -> None:
    """Draw one layer: a few circles, and dots for the others."""
    from matplotlib.patches import Circle

    for y in _ROWS:
        axes.add_patch(Circle((x, y), _RADIUS, facecolor="white", edgecolor=colour, linewidth=1.8, zorder=3))
    middle = (_ROWS[-2] + _ROWS[-1]) / 2
    axes.plot([x] * 3, [middle - 0.12, middle, middle + 0.12], "o", color=colour, markersize=2.2, zorder=3)


def _plastic(axes: Any) -> None:
    """Draw all connections from the shown sources to the shown excitatory neurons."""
    for y_from in _ROWS:
        for y_to in _ROWS:
            dx, dy = _EXC_X - _SOURCE_X, y_to - y_from
            cut = _RADIUS / np.hypot(dx, dy)
            axes.annotate(
                "",
                (_EXC_X - 1.35 * cut * dx, y_to - 1.35 * cut * dy),
                (_SOURCE_X + cut * dx, y_from + cut * dy),
                arrowprops={"arrowstyle": "-|>,head_width=0.13,head_length=0.26", "color": "#9fb6cd", "linewidth": 0.7,
                            "shrinkA": 0, "shrinkB": 0},
            )  # fmt: skip


def _lateral(axes: Any) -> None:
    """Draw the one-to-one excitation, and the inhibition back from one neuron, with flat ends."""
    for y in _ROWS:
        axes.annotate(
            "", (_INH_X - _RADIUS - 0.04, y), (_EXC_X + _RADIUS, y),
            arrowprops={"arrowstyle": "-|>,head_width=0.2,head_length=0.4", "color": ACCENT, "linewidth": 1.4,
                        "shrinkA": 0, "shrinkB": 0},
        )  # fmt: skip
    start = np.array([_INH_X, _ROWS[_DRAWN]])
    for row, y in enumerate(_ROWS):
        if row == _DRAWN:
            continue
        way = np.array([_EXC_X, y]) - start
        way /= np.hypot(*way)
        tip = np.array([_EXC_X, y]) - way * (_RADIUS + 0.06)
        across = np.array([-way[1], way[0]]) * 0.11
        axes.plot(*np.array([start + way * _RADIUS, tip]).T, color=INHIBITION, linewidth=1.4)
        axes.plot(*np.array([tip - across, tip + across]).T, color=INHIBITION, linewidth=2.2, solid_capstyle="butt")


def _image(fig: Any, axes: Any, image: np.ndarray) -> None:
    """Put the image at the left, and an arrow from it to the sources."""
    side = 1.25
    left = _IMAGE_X - side / 2
    middle = (_ROWS[0] + _ROWS[-1]) / 2
    box = fig.add_axes((left / _WIDTH, (middle - side / 2 - _BOTTOM) / _HEIGHT, side / _WIDTH, side / _HEIGHT))
    box.imshow(image, cmap="gray_r", interpolation="nearest")
    box.set(xticks=[], yticks=[])
    for line in box.spines.values():
        line.set(visible=True, color="#9aa0a9")
    axes.annotate(
        "", (_SOURCE_X - _RADIUS - 0.12, middle), (left + side + 0.1, middle),
        arrowprops={"arrowstyle": "-|>,head_width=0.25,head_length=0.5", "color": GREY, "linewidth": 1.4},
    )  # fmt: skip


def _words(axes: Any, network: NetworkParams, n_input: int, code: str, max_rate_hz: float) -> None:
    """Write names above, connections between, and constants below."""
    exc, inh, delays = network.exc, network.inh, network.delays
    sources, law = f"{n_input} inputs", f"code:\n{code.replace('_', ' ')}"
    if code == "poisson":
        sources, law = f"{n_input} Poisson sources", f"source rate:\nproportional to pixel,\nat most {max_rate_hz:g} Hz"

    def centred(x: float, y: float, text: str, color: str = _INK, **style: Any) -> None:
        style = {"fontsize": text_pt(9.5), **style}
        axes.text(x, y, text, ha="center", va="top", color=color, linespacing=1.35, **style)

    for x, colour, name, size in (
        (_IMAGE_X, _INK, "Image", f"{n_input} pixels"),
        (_SOURCE_X, _FAINT, "Input", sources),
        (_EXC_X, ACCENT, "Excitatory layer", f"{network.n_exc} neurons"),
        (_INH_X, INHIBITION, "Inhibitory layer", f"{network.n_exc} neurons"),
    ):
        centred(x, 5.45, name, colour, fontsize=text_pt(11.5), weight="bold")
        centred(x, 5.18, size)
    delay = {
        "none": "no delay",
        "axonal": f"delay 0 to {delays.max_ms:g} ms,\none for each input",
        "synaptic": f"delay 0 to {delays.max_ms:g} ms,\none for each synapse",
    }[delays.mode]
    feed, side = (_SOURCE_X + _EXC_X) / 2, (_EXC_X + _INH_X) / 2
    centred(_IMAGE_X, 1.62, law, fontsize=text_pt(9))
    centred(feed, 4.68, f"all to all, plastic (STDP)\nweight {network.w_min:g} to {network.w_max:g}")
    centred(feed, 1.62, delay)
    centred(side, 4.68, f"one to one\nweight {network.w_exc_inh:g}, no delay", ACCENT)
    back = f"to all but the own partner\nweight {network.w_inh_exc:g}, no delay\n(drawn for one neuron)"
    centred(side, 1.62, back, INHIBITION)

    axes.plot([0.3, _WIDTH - 0.3], [0.97, 0.97], color="#d5d8dd", linewidth=0.8)
    decay = f", decays with {_time(exc.tau_theta_ms)}" if exc.tau_theta_ms < _FOREVER_MS else ""
    low: dict[str, Any] = {"fontsize": text_pt(8.6), "color": _INK, "ha": "left", "va": "top", "linespacing": 1.5}
    heading: dict[str, Any] = {"fontsize": text_pt(9.5), "weight": "bold", "ha": "left", "va": "top"}
    axes.text(0.3, 0.88, "Excitatory neuron", color=ACCENT, **heading)
    axes.text(
        0.3, 0.66,
        f"membrane time constant {_time(exc.tau_mem_ms)}; conductances decay with\n"
        f"{_time(exc.tau_exc_ms)} (excitatory) and {_time(exc.tau_inh_ms)} (inhibitory)\n"
        f"rest {_mv(exc.e_rest_mv)}; threshold {_mv(exc.v_thresh_mv)} + θ, "
        f"where θ is {_mv(exc.theta_init_mv)} at first,\n"
        f"rises by {_mv(exc.theta_plus_mv)} at each own spike{decay}",
        **low,
    )  # fmt: skip
    axes.text(4.9, 0.88, "Inhibitory neuron", color=INHIBITION, **heading)
    axes.text(
        4.9, 0.66,
        f"membrane time constant {_time(inh.tau_mem_ms)}; conductance {_time(inh.tau_exc_ms)}\n"
        f"rest {_mv(inh.e_rest_mv)}; threshold {_mv(inh.v_thresh_mv)}\n\n"
        "Weights are conductances in units of the leak conductance.",
        **low,
    )  # fmt: skip


_FOREVER_MS = 1e12


def _time(tau_ms: float) -> str:
    """Write a time with the unit that suits it."""
    return f"{tau_ms / 1000:,g} s".replace(",", " ") if tau_ms >= 10_000 else f"{tau_ms:g} ms"


def _mv(v_mv: float) -> str:
    """Write a potential with a true minus sign."""
    return f"{v_mv:g} mV".replace("-", "−")
