import math

import pytest
import torch
from scipy.optimize import minimize_scalar
from sklearn.metrics import log_loss

from cifar_core.calibration import HIGHEST, LOWEST, fit_temperature
from cifar_core.metrics import calibration_error, reliability_bins


def draw_answers(seed, spread, count=400):
    """Logits of a network whose right temperature is about ``spread``, and labels."""
    generator = torch.Generator().manual_seed(seed)
    honest = torch.randn(count, 10, generator=generator)
    labels = torch.multinomial(honest.softmax(1), 1, generator=generator)[:, 0]
    return spread * honest, labels


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("spread", [0.3, 1.0, 6.0])
def test_the_temperature_is_the_optimum_that_scipy_finds(seed, spread):
    logits, labels = draw_answers(seed, spread)

    def loss(log_temperature):
        probs = (logits.double() / math.exp(log_temperature)).softmax(1)
        return log_loss(labels, probs.numpy(), labels=range(10))

    bounds = (math.log(LOWEST), math.log(HIGHEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": 1e-9})
    ours = fit_temperature(logits, labels)
    assert ours == pytest.approx(math.exp(found.x), rel=1e-4)
    assert loss(math.log(ours)) <= found.fun + 1e-9


def test_scaling_makes_a_network_that_is_too_sure_honest():
    logits, labels = draw_answers(0, 5.0, count=4000)
    temperature = fit_temperature(logits[::2], labels[::2])
    others, truth = logits[1::2], labels[1::2]
    before = calibration_error(reliability_bins(others, truth))
    after = calibration_error(reliability_bins(others / temperature, truth))
    assert before > 0.3 and after < 0.05


def test_where_all_are_right_or_all_wrong_the_temperature_ends_at_a_bound():
    logits = torch.tensor([[3.0, 0.0], [0.0, 2.0]])
    assert fit_temperature(logits, torch.tensor([0, 1])) == pytest.approx(LOWEST)
    assert fit_temperature(logits, torch.tensor([1, 0])) == pytest.approx(HIGHEST)
