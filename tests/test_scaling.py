"""The model of docs/scaling.md against torch and a simulated ring, and its tables as printed."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from sketchvae.model.config import ModelConfig
from sketchvae.model.torch_net import SketchVAE

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "scripts"))
import bench_scaling as scaling  # noqa: E402


@pytest.mark.filterwarnings("ignore:TF32")  # of torch, where its backend is set
def test_operations_are_those_that_torch_counts() -> None:
    config = ModelConfig(encoder_hidden=24, decoder_hidden=40, latent=16, mixtures=5)
    network, steps = SketchVAE(config), torch.zeros(3, 32, 5)
    steps[..., 2] = 1
    with torch.backends.mkldnn.flags(enabled=False):  # whose LSTMs are not counted
        with FlopCounterMode(display=False) as forward:
            loss_r, kl = network(steps, torch.tensor([32, 20, 9]), torch.zeros(3, 16))
        with FlopCounterMode(display=False) as backward:
            (loss_r.sum() + kl.sum()).backward()
    ours = 3 * scaling.operations(config, 32)
    assert forward.get_total_flops() == pytest.approx(ours / 3, rel=0.01)
    counted = forward.get_total_flops() + backward.get_total_flops()
    assert counted == pytest.approx(ours, rel=0.06)  # no gradient goes into the drawings


@pytest.mark.parametrize("processes", [2, 3, 8])
def test_traffic_is_that_of_a_ring(processes: int) -> None:
    """Each sends one part to the next: sums go round once, and totals once more."""
    gradients = np.random.default_rng(0).integers(0, 9, (processes, 24 * processes))
    parts = gradients.reshape(processes, processes, 24).copy()
    sent = np.zeros(processes)
    for turn in range(2 * (processes - 1)):
        moving = [(p, (p - turn) % processes) for p in range(processes)]
        content = [parts[p, part].copy() for p, part in moving]
        for (p, part), numbers in zip(moving, content, strict=True):
            after = (p + 1) % processes
            sums = turn < processes - 1
            parts[after, part] = parts[after, part] + numbers if sums else numbers
            sent[p] += numbers.nbytes
    np.testing.assert_array_equal(parts.reshape(processes, -1), [gradients.sum(0)] * processes)
    assert sent.tolist() == [scaling.traffic(gradients[0].nbytes, processes)] * processes


def test_page_holds_the_tables_of_the_script(capsys: pytest.CaptureFixture[str]) -> None:
    scaling.paper()
    page = (ROOT / "docs" / "scaling.md").read_text("utf-8")
    for table in capsys.readouterr().out.split("\n\n"):
        assert table.strip() in page
