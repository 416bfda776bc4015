// The logarithm of expected improvement below an incumbent f*, exact in the tails, where EI itself is 0 in floating
// point (Ament et al., "Unexpected improvements to expected improvement for Bayesian optimization", NeurIPS 2023).
//
//   z = (f* - mu) / sigma,  h(z) = phi(z) + z Phi(z),  LogEI = log sigma + log h(z)
//   dLogEI/dmu = -rho / sigma,  dLogEI/dsigma = (1 - z rho) / sigma,  rho = Phi / h
//
// For z <= -5, t = -z, by the continued fraction of Mills' ratio R = (1 - Phi(t)) / phi(t) = 1 / (t + K),
// K = 1/(t + 2/(t + 3/(t + ...))): h = phi R K, so that nothing cancels; rho = 1 / K and 1 - z rho = 1 / (R K).
#pragma once

namespace pegbox {

struct LogImprovement {
  double value = 0;
  double by_mean = 0;       // its derivative by mu
  double by_deviation = 0;  // and by sigma
};

// sigma > 0.
LogImprovement LogExpectedImprovement(double incumbent, double mean, double deviation);

// log h(z).
double LogH(double z);

struct LogProbability {
  double value = 0;
  double derivative = 0;  // phi(z) / Phi(z)
};

// log Phi(z).
LogProbability LogNormalCdf(double z);

}  // namespace pegbox
