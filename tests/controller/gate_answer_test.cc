#include "controller/gate_answer.h"

#include <gtest/gtest.h>

namespace fleet::controller {
namespace {

MetricGate Http(std::optional<double> max = std::nullopt) {
  MetricGate gate;
  gate.source = GateSource::kHttp;
  gate.url = "http://web/health";
  gate.max = max;
  return gate;
}

MetricGate Prometheus(std::optional<double> min, std::optional<double> max) {
  MetricGate gate;
  gate.source = GateSource::kPrometheus;
  gate.url = "http://prom:9090";
  gate.query = "rate(errors{app=\"web\"}[5m])";
  gate.min = min;
  gate.max = max;
  return gate;
}

std::string Judge(const MetricGate& gate, const HttpAnswer& answer) {
  const GateAnswer judged = JudgeAnswer(gate, answer);
  return std::string(Name(judged.verdict)) + ": " + judged.text;
}

TEST(GateAnswerTest, Http) {
  const struct {
    std::optional<double> max;
    int status;
    std::string body;
    std::string expected;
  } cases[] = {
      {std::nullopt, 200, "anything", "PASS: status 200"},
      {std::nullopt, 204, "", "PASS: status 204"},
      {std::nullopt, 301, "", "FAIL: status 301"},
      {std::nullopt, 503, "down", "FAIL: status 503"},
      {0.05, 200, " 0.03\n", "PASS: value 0.03"},
      {0.05, 200, "0.12", "FAIL: value 0.12 > 0.05"},
      {0.05, 200, R"({"value": 0.12})", "FAIL: value 0.12 > 0.05"},
      {0.05, 200, R"({"value": "0.12"})",
       R"(INCONCLUSIVE: the body is no number: "{"value": "0.12"}")"},
      {0.05, 200, "", "INCONCLUSIVE: the body is no number: \"\""},
      {0.05, 200, "nan", "INCONCLUSIVE: the value is not a number"},
      {0.05, 200, "inf", "FAIL: value inf > 0.05"},
      {0.05, 500, "0.01", "FAIL: status 500"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Judge(Http(c.max), {"", c.status, c.body}), c.expected);
  }
}

// What it says goes to clients, in a message that else they could not read.
TEST(GateAnswerTest, ABodyNeedBeNeitherUtf8NorShallow) {
  EXPECT_EQ(Judge(Http(1), {"", 200, "caf\xe9"}),
            "INCONCLUSIVE: the body is no number: \"caf\uFFFD\"");
  const std::string deep = R"({"status":"success","data":)" +
                           std::string(100'000, '[') +
                           std::string(100'000, ']') + "}";
  EXPECT_TRUE(Judge(Prometheus(1, 2), {"", 200, deep})
                  .starts_with("INCONCLUSIVE: status 200"));
}

TEST(GateAnswerTest, HttpStatusThatIsAskedFor) {
  MetricGate gate = Http();
  gate.status = 404;
  EXPECT_EQ(Judge(gate, {"", 404, ""}), "PASS: status 404");
  EXPECT_EQ(Judge(gate, {"", 200, ""}), "FAIL: status 200");
}

TEST(GateAnswerTest, NobodyAnswers) {
  EXPECT_EQ(Judge(Http(), {"Connection refused", 0, ""}),
            "INCONCLUSIVE: Connection refused");
}

TEST(GateAnswerTest, PrometheusQueryIsEscaped) {
  EXPECT_EQ(UrlOf(Prometheus(0, 1)),
            "http://prom:9090/api/v1/query?query="
            "rate%28errors%7Bapp%3D%22web%22%7D%5B5m%5D%29");
  MetricGate slash = Prometheus(0, 1);
  slash.url = "https://host/prom/";
  slash.query = "up";
  EXPECT_EQ(UrlOf(slash), "https://host/prom/api/v1/query?query=up");
}

TEST(GateAnswerTest, Prometheus) {
  const auto vector = [](const std::string& elements) {
    return R"({"status":"success","data":{"resultType":"vector","result":[)" +
           elements + "]}}";
  };
  const std::string a =
      R"({"metric":{"host":"a"},"value":[1700000000.1,"0.01"]})";
  const std::string b =
      R"({"metric":{"host":"b"},"value":[1700000000.1,"0.12"]})";
  const std::string bare = R"({"metric":{},"value":[1,"NaN"]})";
  const struct {
    std::string body;
    std::string expected;
  } cases[] = {
      {vector(a), R"(PASS: value 0.01 of {"host":"a"})"},
      {vector(a + "," + b), R"(FAIL: value 0.12 > 0.05 of {"host":"b"})"},
      {vector(a + "," + a),
       R"(PASS: 2 values, the last: value 0.01 of {"host":"a"})"},
      {vector(""), "INCONCLUSIVE: the query has no result"},
      {vector(bare), "INCONCLUSIVE: the value is not a number"},
      {vector("7"), "INCONCLUSIVE: a result that is not understood"},
      {R"({"status":"success","data":{"resultType":"scalar","result":[1,"2"]}})",
       "FAIL: value 2 > 0.05"},
      {R"({"status":"success","data":{"resultType":"matrix","result":[]}})",
       "INCONCLUSIVE: the query's result is neither a scalar nor a vector"},
      {R"({"status":"error","error":"parse error"})",
       "INCONCLUSIVE: status 200: parse error"},
      {"<html>\n", "INCONCLUSIVE: status 200: <html> "},
      {"[]", "INCONCLUSIVE: status 200: []"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Judge(Prometheus(std::nullopt, 0.05), {"", 200, c.body}),
              c.expected)
        << c.body;
  }
  EXPECT_EQ(Judge(Prometheus(0.5, std::nullopt), {"", 200, vector(a)}),
            R"(FAIL: value 0.01 < 0.5 of {"host":"a"})");
}

}  // namespace
}  // namespace fleet::controller
