"""The distributions of the network in torch: the mixture of the next step, and the posterior of z.

Shape letters: B drawings, M mixture components, Z latent.
"""

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F


@dataclass(frozen=True)
class Mixture:
    """Density of the next step (eq. 3 to 6): M bivariate normals and a categorical pen state.

    Offsets are in model units and in the local frame: see `to_local_frame`.

    Attributes:
        log_pi: (..., M) log weights of the components.
        mu: (..., M, 2) means of the offset.
        log_sigma: (..., M, 2) log standard deviations.
        rho: (..., M) correlations before tanh.
        log_q: (..., 3) log probabilities of the pen state: down, up, end.
    """

    log_pi: Tensor
    mu: Tensor
    log_sigma: Tensor
    rho: Tensor
    log_q: Tensor

    @classmethod
    def from_head(cls, y: Tensor) -> "Mixture":
        """Split the output of the head, (..., 6M + 3), in float32 (eq. 5 and 6)."""
        M = (y.shape[-1] - 3) // 6
        pi, mu, log_sigma, rho, q = torch.split(y.float(), [M, 2 * M, 2 * M, M, 3], dim=-1)
        pair = (*y.shape[:-1], 2, M)
        return cls(
            F.log_softmax(pi, dim=-1),
            mu.reshape(pair).transpose(-1, -2),
            log_sigma.reshape(pair).transpose(-1, -2),
            rho,
            F.log_softmax(q, dim=-1),
        )

    def at(self, temperature: float) -> "Mixture":
        """Return the mixture at temperature tau: logits / tau, variances * tau (eq. 8)."""
        return Mixture(
            F.log_softmax(self.log_pi / temperature, dim=-1),
            self.mu,
            self.log_sigma + 0.5 * math.log(temperature),
            self.rho,
            F.log_softmax(self.log_q / temperature, dim=-1),
        )

    def log_offset(self, offset: Tensor) -> Tensor:
        """Return log p(dx, dy), (...), in nats per model unit squared (eq. 3).

        The bivariate normal is computed as p(y) p(x given y), so that nothing cancels when the
        correlation comes near 1; the sum over components is a log-sum-exp.
        """
        zx, zy = ((offset.unsqueeze(-2) - self.mu) * torch.exp(-self.log_sigma)).unbind(-1)
        log_root = -_log_cosh(self.rho)  # log sqrt(1 - tanh(rho)^2)
        x_given_y = (zx - torch.tanh(self.rho) * zy) * torch.exp(-log_root)
        log_normal = (
            -0.5 * (x_given_y.square() + zy.square())
            - log_root
            - self.log_sigma.sum(-1)
            - math.log(2 * math.pi)
        )
        return torch.logsumexp(self.log_pi + log_normal, dim=-1)


def _log_cosh(x: Tensor) -> Tensor:
    """Return log cosh x without overflow."""
    return x.abs() + F.softplus(-2 * x.abs()) - math.log(2)


@dataclass(frozen=True)
class Posterior:
    """q(z given S) of B drawings: diagonal normals, `mean` and `log_variance` (B, Z) (eq. 2)."""

    mean: Tensor
    log_variance: Tensor

    def z(self, noise: Tensor) -> Tensor:
        """Return z = mu + sigma * noise for standard normal noise, (B, Z)."""
        return self.mean + torch.exp(0.5 * self.log_variance) * noise

    def kl(self) -> Tensor:
        """Return L_KL against N(0, I), (B, Z), in nats, not averaged (eq. 10)."""
        return -0.5 * (1 + self.log_variance - self.mean.square() - self.log_variance.exp())
