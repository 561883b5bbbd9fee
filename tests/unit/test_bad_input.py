"""Bad input: one clear message with file, line and key, a status that is not zero, and nothing written or lost."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from stdp_pipeline import registry, running
from stdp_pipeline.cli import main
from stdp_pipeline.config._consistency import RUNS_ALL
from stdp_pipeline.config._yaml import line_of, read_yaml
from stdp_pipeline.config.load import find_experiment, load_experiment, with_overrides
from stdp_pipeline.config.plan import plan
from stdp_pipeline.errors import ConfigError
from stdp_pipeline.workflow.profiles import profile_folder, with_profiles

ROOT = Path(__file__).parents[2]
SMALL = "dataset: {name: digits}\nembeddings: []\n"


@pytest.mark.parametrize("command", ["run", "show", "status"])
@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"network:\n\tn_exc: 3\n", r"line 2, column 1: found character '\\t' .*never with tabs"),
        (
            b"network:\n  n_exc: 3\n  w_max: 1.0\n  n_exc: 4\n",
            "line 4: network: the key 'n_exc' is given twice, first in line 2",
        ),
        (b"title: x\n? [a, b]\n: 1\n", "line 2: a key must be text, got a list"),
        (b"title: x\nvariants:\n  1: {}\n", "line 3: variants: a key must be text, got 1; .* quotes"),
        (b"", "is empty"),
        (b"# only a comment\n\n", "is empty"),
        (b"- 1\n- 2\n", "line 1: must hold 'key: value' pairs, got list"),
        (b"hello\n", "line 1: must hold 'key: value' pairs, got str"),
        (b"title: x\ndescription: caf\xe9\n", "line 2: not UTF-8 text .*0xe9.*save the file as UTF-8"),
        (b"\xff\xfet\x00i\x00", "line 1: not UTF-8 text"),
        (b"title: x\n\nnetwork: {n_exc: \x00}\n", "line 3: the character 0x0 is not allowed"),
        (
            b"title: x\ngrid:\n  plasticity.eta_post:\n    - 0.1\n    - .nan\n",
            r"line 5: grid\.plasticity\.eta_post\.1: must be finite, got \.nan",
        ),
        (b"drop:\n  - {a: .inf}\n", r"line 2: drop\.0\.a: must be finite, got \.inf"),
        (b"network: {w_max: -.INF}\n", r"line 1: network\.w_max: must be finite"),
        (
            b"title: x\ngrid:\n  network.n_exc: []\n",
            r"\n  line 3: grid\.network\.n_exc: should have at least 1 item, got \[\]",
        ),
        (b"title: x\ngrid:\n", r"\n  line 2: grid: should be a section with keys of its own, got None"),
        (
            b"title: x\nnetwork:\n  exc:\n    tau_mm_ms: 3\n",
            r"\n  line 4: network\.exc\.tau_mm_ms: unknown key. Did you mean",
        ),
        (b"title: x\n\nseeds: [1, 1]\n", r"\n  line 3: seeds must differ from each other"),
        (
            b"title: x\nreadouts:\n  - name: knn\n  - name: all_activty\n",
            r"\n  line 4: readouts\.1\.name: unknown value",
        ),
        (b"title: !!python/object:os.system ls\n", "line 1, column 8: could not determine a constructor"),
        (b"title: a\n---\ntitle: b\n", "line 2, column 1: but found another document"),
        (b"a: &n\n  b: *n\n", "no text, number, list or section"),
        (b"title: [1, 2\n", r"line \d"),
    ],
)
def test_a_faulty_file_is_one_message(capsys, monkeypatch, tmp_path, command, text, message):
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "faulty.yaml"
    file.write_bytes(text)
    kept = tmp_path / "results" / "train" / "one" / "network.npz"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"kept")
    arguments = [command, str(file), "--directory", str(tmp_path)]
    assert main(arguments) == 1
    told = capsys.readouterr().err
    assert told.count("error:") == 1
    assert "Traceback" not in told
    assert told.startswith(f"stdp {command}: error: '{file}'")
    assert re.search(message, told), told
    assert file.read_bytes() == text
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [file, kept]


@pytest.mark.parametrize(
    ("item", "message"),
    [
        ("network", "--set takes key=value, for example network.n_exc=100, got 'network'"),
        ("=3", "--set takes key=value"),
        ("network.n_exc=[1", r"--set network\.n_exc: expected ',' or '\]'"),
        ("network.n_exc=.nan", r"--set network\.n_exc: must be finite, got \.nan"),
        ("network={n_exc: 1, n_exc: 2}", r"--set network: the key 'n_exc' is given twice"),
        ("title.x=1", "'title' is a value, not a section"),
        ("embeddings.0.name=pca", "there is no list 'embeddings' yet"),
    ],
)
def test_a_faulty_override_is_one_message(item, message):
    with pytest.raises(ConfigError, match=message) as caught:
        with_overrides({"title": "t"}, [item])
    assert "\n" not in str(caught.value)


def test_a_value_of_the_command_line_that_the_sweep_would_replace_is_refused(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(SMALL + "grid: {network.n_exc: [9, 16]}\n")
    for item in ("network.n_exc=25", "network={n_exc: 25}"):
        with pytest.raises(
            ConfigError, match=r"--set network.*: the sweep varies 'network\.n_exc', so this would change"
        ):
            load_experiment(file, [item])
    file.write_text(SMALL + "grid: {plasticity: [{name: triplet}, {name: power_law}]}\n")
    with pytest.raises(ConfigError, match=r"--set plasticity\.eta_post: the sweep varies 'plasticity', so this would"):
        load_experiment(file, ["plasticity.eta_post=0.1"])
    file.write_text(SMALL + "grid: {network.n_exc: [9, 16]}\n")
    assert load_experiment(file, ["grid={network.n_exc: [25]}", "network.w_max=2.0"]).grid == {"network.n_exc": [25]}
    assert load_experiment(file, ["grid={}", "network.n_exc=25"]).network.n_exc == 25


def test_numbers_may_have_an_exponent_without_a_point(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("a: [1e-3, 2E+4, -5e2, 1.5e-3]\nb: [e1, 1e, '1e3', 12e3x]\n")
    assert read_yaml(file) == {"a": [0.001, 20000.0, -500.0, 0.0015], "b": ["e1", "1e", "1e3", "12e3x"]}
    file.write_text("a: 1e999\n")
    with pytest.raises(ConfigError, match="must be finite"):
        read_yaml(file)


@pytest.mark.parametrize("link", ["[{0}, {0}]", "{{<<: [{0}, {0}]}}", "{{a: {0}, b: {0}}}"])
def test_aliases_of_aliases_are_refused_before_they_are_written_out(tmp_path, link):
    lines = ["x-0: &a0 {n: 1}", *(f"x-{k + 1}: &a{k + 1} {link.format(f'*a{k}')}" for k in range(60))]
    file = tmp_path / "x.yaml"
    file.write_text("\n".join(lines))
    with pytest.raises(ConfigError, match=r"aliases \(\*name\) stand for more than 1,000,000 values"):
        load_experiment(file)


def test_a_fault_of_the_command_line_has_no_line_of_the_file(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("title: x\nnetwork:\n  n_exc: 0\n  w_maxx: 1\n")
    with pytest.raises(ConfigError) as caught:
        load_experiment(file, ["network.n_exc=-1"])
    told = str(caught.value).splitlines()[1:]
    assert told[0].startswith("  network.n_exc: ")
    assert told[1].startswith("  line 4: network.w_maxx: ")


def test_lines_are_found_through_lists_and_keys_with_dots(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("title: x\nzipped:\n  - a.b: [1]\n    a.b.c:\n      - 2\n      - 3\n")
    assert [line_of(file, path) for path in ("zipped.0.a.b", "zipped.0.a.b.c.1", "zipped.0.other", "none")] == [
        3,
        6,
        3,
        None,
    ]


# ---- what is odd, but right ------------------------------------------------------------------------------------------


def test_an_empty_grid_varies_nothing(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(SMALL + "grid: {}\nvariants: {}\n")
    assert len(plan("x", load_experiment(file)).runs) == 1


def test_anchors_aliases_and_merge_keys_work(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text(
        SMALL
        + "x-small: &small {n_exc: 9, w_max: 1.0}\n"
        + "x-larger: {network: &larger {<<: *small, n_exc: 16}}\n"
        + "network: {<<: *larger, w_init_high: 0.2}\n"
        + "seeds: &seeds [1, 2]\n"
        + "variants:\n  a: {seeds: *seeds}\n  b: {network.n_exc: 25}\n"
    )
    experiment = load_experiment(file)
    assert (experiment.network.n_exc, experiment.network.w_max, experiment.network.w_init_high) == (16, 1.0, 0.2)
    planned = plan("x", experiment)
    assert [(run.told, run.seed, run.experiment.network.n_exc) for run in planned.runs] == [
        ("a", 1, 16),
        ("a", 2, 16),
        ("b", 1, 25),
        ("b", 2, 25),
    ]
    # What only holds anchors is no part of the experiment.
    assert "x-small" not in planned.jobs["report", "x"].spec["experiment"]


def test_only_keys_of_the_file_itself_hold_anchors(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("network:\n  x-small: {n_exc: 9}\n")
    with pytest.raises(ConfigError, match=r"line 2: network\.x-small: unknown key"):
        load_experiment(file)


def test_a_key_may_be_merged_and_given_in_a_section_that_is_read_later(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_text("a: {inner: &two {<<: &one {n: 1, m: 2}, n: 3}}\nb: {<<: *two}\n")
    assert read_yaml(file) == {"a": {"inner": {"n": 3, "m": 2}}, "b": {"n": 3, "m": 2}}


def test_a_byte_order_mark_and_windows_lines_are_read(tmp_path):
    file = tmp_path / "x.yaml"
    file.write_bytes(b"\xef\xbb\xbftitle: \xc3\xa4\r\nseeds: [3]\r\n")
    assert read_yaml(file) == {"title": "ä", "seeds": [3]}


# ---- names -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a/b", "got '/'; the path of a file ends in .yaml"),
        ("a*b", r"got '\*'"),
        ("$HOME", r"got '\$'"),
        ('a"b`c', "got '\"`'"),
        ("a\tb", "got '\\\\t'"),
        ("-x", "must not begin with '-'"),
        (".hidden", r"must not begin with '\.'"),
        ("", "it has no letter"),
        ("..", "it has no letter"),
        (" x", "got ' '"),
        ("x" * 300, "'xxxxxxxxxxxxxxxxxxxx...'.* it has 300 bytes, and 100 is the most"),
        ("ä" * 51, "it has 102 bytes"),
    ],
)
def test_names_that_make_no_folder_are_explained(tmp_path, name, message):
    with pytest.raises(ConfigError, match=message):
        find_experiment(name, tmp_path)
    if "/" not in name and len(name) < 200:
        with pytest.raises(ConfigError, match="an experiment cannot be called"):
            find_experiment(str(tmp_path / f"{name}.yaml"), tmp_path)


@pytest.mark.parametrize("name", ["two words", "Größe_3", "v1.2", "a=b, c(d)", "数字", "train", "report", "prepare"])
def test_other_names_and_those_of_stages_can_be_planned(capsys, monkeypatch, tmp_path, name):
    file = tmp_path / f"{name}.yaml"
    file.write_text(SMALL)
    assert find_experiment(str(file), tmp_path) == file
    planned = plan(name, load_experiment(file))
    assert planned.jobs["report", name].id == name
    # The name and the file reach Snakemake as they are.
    asked = {}

    def snakemake(command, *_):
        asked["config"] = command[command.index("--config") + 1]
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "supervised", snakemake)
    assert main(["run", str(file), "--directory", str(tmp_path)]) == 0
    assert asked["config"] == f'experiment="{file}"'
    assert json.loads(asked["config"].partition("=")[2]) == str(file)


# ---- profiles --------------------------------------------------------------------------------------------------------


def test_a_profile_is_one_of_the_project_or_a_folder(tmp_path, monkeypatch):
    assert profile_folder("local", ROOT) == ROOT / "config" / "profiles" / "local"
    own = tmp_path / "own"
    own.mkdir()
    with pytest.raises(ConfigError, match="known: ci,"):
        profile_folder(str(own), ROOT)
    (own / "config.yaml").write_text("cores: 1\n")
    assert profile_folder(str(own), ROOT) == own
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    own.rename(tmp_path / "snakemake")
    (tmp_path / "snakemake" / "mine").mkdir()
    (tmp_path / "snakemake" / "mine" / "profile.yaml").write_text("cores: 1\n")
    assert profile_folder("mine", ROOT) == tmp_path / "snakemake" / "mine"


def test_profiles_for_snakemake_may_be_named_as_well():
    ci = str(ROOT / "config" / "profiles" / "ci")
    assert with_profiles(["-n", "--profile", "ci", "all"], ROOT) == ["-n", "--profile", ci, "all"]
    assert with_profiles(["--profile=ci"], ROOT) == [f"--profile={ci}"]
    with pytest.raises(ConfigError, match="Did you mean 'ci'"):
        with_profiles(["--profile", "c"], ROOT)


def test_run_uses_the_profile_that_is_named(monkeypatch, tmp_path):
    commands = []

    def snakemake(command, *_):
        commands.append(command)
        return 0

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(running, "supervised", snakemake)
    for arguments, profile in (([], "local"), (["--profile", "ci"], "ci")):
        assert main(["run", "tiny", "--directory", str(tmp_path), *arguments]) == 0
        command = commands.pop()
        assert command[command.index("--profile") + 1] == str(ROOT / "config" / "profiles" / profile)


def test_the_engine_that_is_not_asked_refuses_nothing():
    assert not hasattr(registry.load("engine", RUNS_ALL), "refuse")
