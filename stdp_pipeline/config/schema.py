"""The experiment: one typed model, composed of the parameters of the components it names.

A component's parameters live in the component's own file. They are found by name here, so a new dataset, code, rule,
readout or embedding appears in the schema, in ``config/default.yaml`` and in ``config/schema.json`` by itself.
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, PrivateAttr, create_model, model_validator

from stdp_pipeline import registry
from stdp_pipeline.config._base import Strict
from stdp_pipeline.config._consistency import check_consistent
from stdp_pipeline.config.sweep import Sweep
from stdp_pipeline.config.union import one_of

__all__ = [
    "Comparing",
    "Experiment",
    "FrozenPasses",
    "Labelling",
    "Published",
    "Simulation",
    "Training",
    "Trajectories",
    "experiment_model",
]

Positive = Annotated[float, Field(gt=0)]
_FileName = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
NonNegative = Annotated[float, Field(ge=0)]
Count = Annotated[int, Field(ge=1)]


class Simulation(Strict):
    """How the network is simulated and how images are presented to it."""

    engine: str = "fast"
    """Which engine: 'fast' (compiled); 'reference' (plain NumPy, about a thousand times slower); or Brian2:
    'brian2_standalone' (one C++ program), 'brian2' (Cython) or 'brian2_numpy' (needs no compiler). All give the same
    spikes in double precision."""
    integrator: Literal["euler", "exponential_euler"] = "exponential_euler"
    """'euler' is what the released code used and is unstable under strong simultaneous inhibition;
    'exponential_euler' is stable at any conductance."""
    precision: Literal["float32", "float64"] = "float32"
    """Precision of weights and membranes."""
    dt_ms: Positive = 0.5
    """Time step, ms (code)."""
    image_ms: Positive = 350.0
    """How long an image is shown, ms (paper)."""
    rest_ms: NonNegative = 150.0
    """Rest after each image, ms (paper)."""
    min_spikes: Annotated[int, Field(ge=0)] = 5
    """An image that causes fewer excitatory spikes is shown again at a higher intensity (paper)."""
    max_attempts: Annotated[int, Field(ge=1, le=1000)] = 20
    """Presentations of one image, at most; then it is given up, and counted (the code has no bound)."""
    spike_limit: Annotated[int, Field(ge=100, le=10_000_000)] = 20_000
    """Excitatory spikes in one presentation above which the run stops, because its activity exploded."""
    rest_spikes: Literal["own", "next"] = "own"
    """Which presentation the spikes of a rest count for: the one that it follows ('own'), or the next one, which may be
    of another image ('next'; code)."""

    @model_validator(mode="after")
    def _steps_fit(self) -> Simulation:
        for name in ("image_ms", "rest_ms"):
            steps = getattr(self, name) / self.dt_ms
            if abs(steps - round(steps)) > 1e-6:
                raise ValueError(f"{name} must be a multiple of dt_ms ({self.dt_ms:g}), got {getattr(self, name):g}")
        if self.min_spikes > self.spike_limit:
            raise ValueError(f"min_spikes must be at most spike_limit ({self.spike_limit}), got {self.min_spikes}")
        if self.image_ms < self.dt_ms or (self.image_ms + self.rest_ms) / self.dt_ms > 65535:
            raise ValueError(
                f"image_ms and rest_ms together must be 1 to 65535 steps of {self.dt_ms:g} ms, got "
                f"{self.image_ms:g} and {self.rest_ms:g} ms"
            )
        return self


class Training(Strict):
    """How the training images are gone through."""

    passes: Annotated[int, Field(ge=0, le=1000)] = 1
    """How often each training image is presented (paper, 400 neurons: 3). 0 leaves the network untrained."""
    order: Literal["sequential", "shuffled"] = "sequential"
    """'sequential' is the order of the file (code); 'shuffled' is a new random order in each pass."""
    rate_factors: Annotated[list[NonNegative], Field(min_length=1)] | None = None
    """Factors of the rule's learning rates, one for each pass; null for 1 in all of them (paper). Falling ones let
    receptive fields settle."""
    theta_factors: Annotated[list[Positive], Field(min_length=1)] | None = None
    """Factors of the thresholds' pace, one for each pass; null for 1 in all of them (paper). theta_plus_mv is
    multiplied by it and tau_theta_ms divided, so that thresholds tend to the same mean. With falling ones a threshold
    jumps less at each win; jumps hand images to neurons that fit them less."""
    curve_every: Count = 2500
    """Images between points of the learning curve; each point classifies them with labels from as many before."""
    count_switches: bool = True
    """Count how often each synapse changes its state, 2 bytes each, where weights have a few states or are devices."""
    snapshots: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=2)] | None = None
    """Training images after which to keep the network, rising, to look at how it learned; null for none. Each takes as
    much room as the trained network."""
    dead_after: Count = 50
    """Stop when so many images in a row were given up: the activity has died."""

    @model_validator(mode="after")
    def _one_factor_for_each_pass(self) -> Training:
        for name in ("rate_factors", "theta_factors"):
            factors = getattr(self, name)
            if factors is not None and len(factors) != self.passes:
                raise ValueError(f"{name} must hold one factor for each of the passes ({self.passes}), got {factors}")
        if self.snapshots is not None and sorted(set(self.snapshots)) != self.snapshots:
            raise ValueError(f"snapshots must rise, each number once, got {self.snapshots}")
        return self


class FrozenPasses(Strict):
    """How the trained network is shown images for labels and test. Weights never change."""

    carry_over: bool = False
    """Each image meets the network as the one before left it (code), so answers depend on the order of the images.
    Otherwise each starts from rest."""
    theta_adapts_in_test: bool = False
    """Thresholds go on adapting while the test images are shown: an error of some ports, here to measure what it does.
    The code and the paper fix them."""


class Labelling(Strict):
    """Which images give the neurons their labels, in a pass without learning."""

    split: Literal["train", "test"] = "train"
    """Images of which split (paper: train). 'test' is the leak of the code's demo, which labels neurons by the very
    images that it then classifies: here to measure how much that flatters, never for a result."""
    n_images: Count | None = None
    """Only the first so many of them; null for all (paper: all)."""


class Trajectories(Strict):
    """How receptive fields came to what they are: maps of them at all of training.snapshots together."""

    # The methods follow in experiment_model().
    embeddings: Any = ()
    n_neurons: Annotated[int, Field(ge=2, le=2000)] = 200
    """Neurons to follow, drawn at random from those that have a label."""
    n_images: Count = 1000
    """Test images, the first ones, that the network is shown as it was at each snapshot, to compare its answers."""


class Published(Strict):
    """Results of others, to be set beside ours in tables and figures. They change nothing."""

    source: str
    """Where they stand: DOI and table or figure."""
    accuracy: dict[str, Annotated[float, Field(ge=0, le=100)]]
    """Accuracy in per cent for variants, by name."""


class Comparing(Strict):
    """How the report summarises and compares. It changes no run."""

    reference: str | None = None
    """Combination that all others are compared with, named as in the report's tables; null for the first one."""
    interval: Literal["t", "bootstrap"] = "t"
    """95 % intervals of means over seeds: 't' is Student's; 'bootstrap' (BCa) assumes no distribution, but is too
    narrow with few seeds: of 5, it covers 85 % instead of 95 % (measured on normal numbers)."""


class Heading(Strict):
    """What an experiment is called, and what it consists of."""

    title: str = "Untitled experiment"
    """Heading of the report."""
    description: str = ""
    """What the experiment shows, in a sentence or two; printed in the report."""
    seeds: Annotated[list[Annotated[int, Field(ge=0, le=2**63 - 1)]], Field(min_length=1)] = [0]  # noqa: RUF012 (pydantic copies it)
    """One run for each seed; a seed decides initial weights, input spikes and order."""
    preset: str | None = None
    """Name of a preset ('stdp list presets'), whose values hold where this file gives none."""
    variants: dict[str, dict[str, Any]] = {}  # noqa: RUF012
    """Named changes, as name -> dotted path -> value; each variant is run with every combination of the grid. A variant
    may have a preset and seeds of its own."""


class Experiment(Sweep, Heading):
    """Everything that decides the results of an experiment."""

    published: Published | None = None
    """Accuracies that others published, to be compared with."""
    report: Comparing = Comparing()
    """How the report summarises and compares; it changes no run."""
    # The component sections follow in experiment_model().
    dataset: Any = None
    encoding: Any = None
    network: Any = None
    plasticity: Any = None
    quantisation: Any = None
    readouts: Any = ()
    baselines: Any = ()
    features: Any = ()
    embeddings: Any = ()
    measures: Any = None
    trajectories: Any = None
    crossbars: Any = None
    simulation: Simulation = Simulation()
    """Engine, integrator and presentation protocol."""
    training: Training = Training()
    """The training passes."""
    labelling: Labelling = Labelling()
    """The labelling pass."""
    frozen: FrozenPasses = FrozenPasses()
    """The passes without learning, for labels and for the test."""
    representation: bool = True
    """Whether the report tells how the neurons share the work: selectivity, sparseness, information."""

    _given: dict[str, Any] | None = PrivateAttr(default=None)

    def remember(self, raw: dict[str, Any]) -> None:
        """Keep what was given, before a preset completed it."""
        self._given = raw

    @property
    def given(self) -> dict[str, Any]:
        """What was given, without the preset's values."""
        return self.model_dump(mode="json", exclude_unset=True) if self._given is None else self._given

    @model_validator(mode="after")
    def _consistent(self) -> Experiment:
        check_consistent(self)
        return self


@cache
def experiment_model() -> type[Experiment]:
    """Return the full model of an experiment, with a section for each kind of component."""
    # Found by name, as the components are: the configuration stands below them all.
    network_params = importlib.import_module("stdp_pipeline.network.params").NetworkParams

    quantisation_params = importlib.import_module("stdp_pipeline.network.quantise").QuantisationParams
    curve_params: Any = importlib.import_module("stdp_pipeline.hardware.study").CurveParams

    def default(kind: str, name: str) -> Any:
        return registry.load(kind, name).Params()

    readouts: Any = list[one_of("readout")]  # type: ignore[misc]
    baselines: Any = list[one_of("readout", able="scores")]  # type: ignore[misc]
    features: Any = list[one_of("feature")]  # type: ignore[misc]
    embeddings: Any = list[one_of("embedding", able="embed")]  # type: ignore[misc]
    measures_params: Any = importlib.import_module("stdp_pipeline.analysis.measures.params").MeasuresParams
    methods: Any = list[one_of("embedding")]  # type: ignore[misc]
    trajectories = create_model(
        "Trajectories",
        __base__=Trajectories,
        __doc__=Trajectories.__doc__,
        embeddings=(
            Annotated[methods, Field(min_length=1)],
            Field([default("embedding", "m_phate"), default("embedding", "phate")], description="Methods."),
        ),
    )
    return create_model(
        "Experiment",
        __base__=Experiment,
        __doc__=Experiment.__doc__,
        dataset=(one_of("dataset", "mnist"), Field(default("dataset", "mnist"), description="Images and labels.")),
        encoding=(
            one_of("encoding", "poisson"),
            Field(default("encoding", "poisson"), description="From image to spikes."),
        ),
        network=(network_params, Field(network_params(), description="Neurons, fixed synapses, initial weights.")),
        plasticity=(one_of("rule", "triplet"), Field(default("rule", "triplet"), description="The learning rule.")),
        quantisation=(
            quantisation_params | None,
            Field(None, description="Fewer levels for the weights of a network trained with real numbers, or null."),
        ),
        readouts=(
            Annotated[readouts, Field(min_length=1)],
            Field([default("readout", "all_activity")], description="How spike counts become predictions."),
        ),
        baselines=(
            baselines,
            Field(
                [],
                description="Readouts that classify the test images by their pixels alone, without a network, to show "
                "what it adds: they read the images that the code is given.",
            ),
        ),
        features=(
            Annotated[features, Field(min_length=1)],
            Field([default("feature", "counts")], description="What is laid out in maps."),
        ),
        embeddings=(
            embeddings,
            Field(
                [default("embedding", "phate"), default("embedding", "umap")],
                description="Methods that make maps, one of each kind of features; may be empty.",
            ),
        ),
        measures=(
            measures_params | None,
            Field(measures_params(), description="How good the maps are, in numbers; null for none."),
        ),
        trajectories=(
            trajectories | None,
            Field(None, description="How receptive fields came to what they are; needs training.snapshots."),
        ),
        crossbars=(
            dict[_FileName, curve_params],
            Field(
                {},
                description="Studies of the trained network on hardware, by name: a curve each, of accuracy over one "
                "thing that is varied.",
            ),
        ),
    )
