"""What stdp bench measures and compares; speed itself is not tested."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

from stdp_pipeline.bench import case, limit, measure, peers
from stdp_pipeline.cli import main
from stdp_pipeline.errors import StdpError


@pytest.fixture(scope="module")
def small():
    return case.prepare("fast", 20, "triplet", "none", 2, 0)


def test_training_and_frozen_passes_report_what_they_did(small):
    row = measure.training(small, 3, 2)
    assert row["cpu_s_min"] <= row["cpu_s_median"] <= row["cpu_s_max"]
    assert (row["n_exc"], row["images"], row["repeats"], row["threads"]) == (20, 3, 2, 1)
    frozen = measure.frozen(small, 3, 1, 2)
    assert frozen["threads"] == 2
    assert frozen["input_spikes_per_image"] > 500
    assert row["peak_rss_mb"] > 10


def test_the_limit_times_the_rows_of_real_input_spikes(small):
    row = limit.bare_loops(small, 2, 2)
    assert row["limit_s"] == row["rows_s"] + row["states_s"]
    assert row["rows_s"] > 0
    assert row["states_s"] > 0


@pytest.fixture
def peer(tmp_path, monkeypatch):
    """Return a function that puts a script in the place of a peer."""

    def put(source):
        script = tmp_path / "peer.py"
        script.write_text(source)
        monkeypatch.setattr(peers, "script", lambda name: script)

    return put


def test_a_peer_gets_the_presentations_of_the_same_images(small, peer, tmp_path):
    peer(
        "import json, sys, numpy as np\n"
        "d = dict(np.load(sys.argv[1]))\n"
        f"np.savez({str(tmp_path / 'seen.npz')!r}, **d)\n"
        "print('noise')\n"
        "print(json.dumps({'name': 'peer', 'cpu_s_per_image': [2.0, 4.0, 3.0]}))\n"
    )
    row = peers.compare(small, "brian2-standalone", None, 2, 3)
    assert row["ratio"] == pytest.approx(3.0 / row["cpu_s_median"])
    with np.load(tmp_path / "seen.npz") as seen:
        assert np.array_equal(seen["weights"], small.state.weights)
        assert np.array_equal(seen["levels"], small.inputs.levels[2:4])
        assert len(seen["offsets"]) == 3
        assert seen["offsets"][-1] == len(seen["step"]) == len(seen["source"])
        assert json.loads(str(seen["model"]))["network"]["n_exc"] == 20


def test_a_peer_that_fails_is_reported_with_its_message(small, peer):
    peer("import sys\nsys.exit('no module named peer')\n")
    with pytest.raises(StdpError, match="no module named peer"):
        peers.compare(small, "bindsnet", sys.executable, 1, 1)


def test_every_peer_has_a_script():
    for name in peers.PEERS:
        assert peers.script(name).is_file()


def test_a_table_is_printed_for_every_kind_of_comparison(capsys, peer):
    common = ["bench", "--neurons", "20", "--images", "2", "--warmup", "1", "--repeats", "1"]
    assert main([*common, "--limit"]) == 0
    assert "x limit" in capsys.readouterr().out
    assert main([*common, "--frozen", "--threads", "2"]) == 0
    assert "wall ms" in capsys.readouterr().out
    peer("import json\nprint(json.dumps({'name': 'Peer 1.0', 'cpu_s_per_image': [2.0]}))\n")
    assert main([*common, "--against", "bindsnet"]) == 0
    out = capsys.readouterr().out
    assert "times faster" in out
    assert "Peer 1.0" in out


def test_an_unknown_peer_is_named(capsys):
    assert main(["bench", "--against", "nest"]) != 0
    assert "brian2-standalone, bindsnet or an engine, got 'nest'" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize("delays", ["none", "synaptic"])
def test_brian2_gets_the_same_activity_from_the_same_presentations(delays):
    """The peer is the same model: its spikes differ by rounding and the conductance within a step only."""
    row = peers.compare(case.prepare("fast", 50, "triplet", delays, 200, 0), "brian2-standalone", None, 30, 1)
    ours, theirs = row["spikes_per_image"], row["peer"]["spikes_per_image"]
    assert ours == pytest.approx(theirs, rel=0.25)
    assert row["ratio"] > 1


def test_another_engine_is_a_peer_and_gets_the_same_presentations(small):
    row = peers.compare(small, "brian2-numpy", None, 1, 1)
    assert row["peer"]["name"] == "engine brian2-numpy"
    assert row["peer"]["spikes_per_image"] == row["spikes_per_image"]
    assert row["ratio"] == pytest.approx(row["peer"]["cpu_s_per_image"][0] / row["cpu_s_median"])


def test_an_engine_may_be_written_with_hyphens(capsys):
    arguments = ["--neurons", "5", "--images", "1", "--repeats", "1", "--warmup", "0", "--json"]
    assert main(["bench", "--engine", "brian2-numpy", *arguments]) == 0
    (row,) = json.loads(capsys.readouterr().out)
    assert (row["engine"], row["n_exc"]) == ("brian2_numpy", 5)


def test_cpu_time_includes_programs_that_are_running_and_that_have_ended():
    """A child that counts to a number takes CPU time, and some of it is seen while it runs."""
    from stdp_pipeline.provenance import cpu_seconds, peak_rss_mb

    code = "import sys, time\nwhile time.process_time() < 0.5: pass\nprint(flush=True); sys.stdin.read()"
    before, alone = cpu_seconds(), peak_rss_mb()
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        child.stdout.readline()
        running = cpu_seconds()
        assert peak_rss_mb() > alone
        child.communicate()
    assert running - before >= 0.4
    assert cpu_seconds() - before >= 0.4
