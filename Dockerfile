# The environment of the constraints as an image, for clusters and for Snakemake's --software-deployment-method:
#   docker build -t stdp_pipeline:0.1.0 .
#   docker run --rm -v "$PWD/results:/project/results" stdp_pipeline:0.1.0 stdp run quickstart
# Clusters without Docker: apptainer.def. What changes here changes there.
FROM python:3.11-slim
# g++: Brian2's code; git: the commit in the records; rsync: results in a folder of the cluster (docs/scaling.md).
RUN apt-get update && apt-get install -y --no-install-recommends g++ git rsync && rm -rf /var/lib/apt/lists/*
WORKDIR /project
COPY . .
RUN python -m pip install --no-cache-dir --prefer-binary -c constraints.txt -e '.[kubernetes]'
CMD ["stdp", "run", "quickstart"]
