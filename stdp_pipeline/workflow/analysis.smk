# Maps of what was learned, the report, and figures for print.


rule features:
    input:
        unpack(JOBS.files("features")),
    output:
        features="results/features/{id}/features.npz",
        info="results/features/{id}/info.json",
        provenance="results/features/{id}/provenance.json",
    log:
        "results/logs/features/{id}.log",
    benchmark:
        "results/benchmarks/features/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("features"),
        runtime=JOBS.minutes("features"),
    params:
        spec=JOBS.spec("features"),
        code=JOBS.code("features"),
        inputs=JOBS.inputs("features"),
        out=subpath(output.features, parent=True),
    shell:
        "stdp features --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule embed:
    input:
        unpack(JOBS.files("embed")),
    output:
        embedding="results/embed/{id}/embedding.npz",
        info="results/embed/{id}/info.json",
        provenance="results/embed/{id}/provenance.json",
    log:
        "results/logs/embed/{id}.log",
    benchmark:
        "results/benchmarks/embed/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("embed"),
        runtime=JOBS.minutes("embed"),
    params:
        spec=JOBS.spec("embed"),
        code=JOBS.code("embed"),
        inputs=JOBS.inputs("embed"),
        out=subpath(output.embedding, parent=True),
    shell:
        "stdp embed --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule measure:
    input:
        unpack(JOBS.files("measure")),
    output:
        measures="results/measure/{id}/measures.tsv",
        provenance="results/measure/{id}/provenance.json",
    log:
        "results/logs/measure/{id}.log",
    benchmark:
        "results/benchmarks/measure/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("measure"),
        runtime=JOBS.minutes("measure"),
    params:
        spec=JOBS.spec("measure"),
        code=JOBS.code("measure"),
        inputs=JOBS.inputs("measure"),
        out=subpath(output.measures, parent=True),
    shell:
        "stdp measure --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule represent:
    input:
        unpack(JOBS.files("represent")),
    output:
        numbers="results/represent/{id}/representation.json",
        neurons="results/represent/{id}/neurons.tsv",
        provenance="results/represent/{id}/provenance.json",
    log:
        "results/logs/represent/{id}.log",
    benchmark:
        "results/benchmarks/represent/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("represent"),
        runtime=JOBS.minutes("represent"),
    params:
        spec=JOBS.spec("represent"),
        code=JOBS.code("represent"),
        inputs=JOBS.inputs("represent"),
        out=subpath(output.numbers, parent=True),
    shell:
        "stdp represent --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule revisit:
    input:
        unpack(JOBS.files("revisit")),
    output:
        responses="results/revisit/{id}/revisited.npz",
        provenance="results/revisit/{id}/provenance.json",
    log:
        "results/logs/revisit/{id}.log",
    benchmark:
        "results/benchmarks/revisit/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("revisit"),
        runtime=JOBS.minutes("revisit"),
    params:
        spec=JOBS.spec("revisit"),
        code=JOBS.code("revisit"),
        inputs=JOBS.inputs("revisit"),
        out=subpath(output.responses, parent=True),
    shell:
        "stdp revisit --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule trajectory:
    input:
        unpack(JOBS.files("trajectory")),
    output:
        trajectory="results/trajectory/{id}/trajectory.npz",
        info="results/trajectory/{id}/info.json",
        provenance="results/trajectory/{id}/provenance.json",
    log:
        "results/logs/trajectory/{id}.log",
    benchmark:
        "results/benchmarks/trajectory/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("trajectory"),
        runtime=JOBS.minutes("trajectory"),
    params:
        spec=JOBS.spec("trajectory"),
        code=JOBS.code("trajectory"),
        inputs=JOBS.inputs("trajectory"),
        out=subpath(output.trajectory, parent=True),
    shell:
        "stdp trajectory --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


rule portray:
    input:
        unpack(JOBS.files("portray")),
    output:
        network="results/portray/{id}/network.svg",
        response="results/portray/{id}/lif_response.svg",
        curves="results/portray/{id}/stdp_curves.svg",
        presentation="results/portray/{id}/presentation.png",
        numbers="results/portray/{id}/model_figures.json",
        arrays="results/portray/{id}/model_figures.npz",
        provenance="results/portray/{id}/provenance.json",
    log:
        "results/logs/portray/{id}.log",
    benchmark:
        "results/benchmarks/portray/{id}.tsv"
    threads: 1
    resources:
        mem_mb=JOBS.memory("portray"),
        runtime=JOBS.minutes("portray"),
    params:
        spec=JOBS.spec("portray"),
        code=JOBS.code("portray"),
        inputs=JOBS.inputs("portray"),
        out=subpath(output.numbers, parent=True),
    shell:
        "stdp portray --spec {params.spec:q} --code {params.code} --input {params.inputs} --output {params.out:q}"
        " 2>&1 | tee {log:q}"


# The stages of an experiment find the files of its runs by their names.
STORED = (
    getattr(workflow.storage_settings, "default_storage_provider", None) is not None
)
REPORTED = JOBS.report_inputs(rules if STORED else None)


rule experiment:
    input:
        REPORTED,
    output:
        page=report(
            f"results/experiments/{PLAN.name}/report.html",
            caption=caption_of("report"),
            category="Report",
            labels={"experiment": PLAN.name, "page": "the whole report"},
        ),
        summary=report(
            f"results/experiments/{PLAN.name}/summary.tsv",
            caption=caption_of("summary"),
            category="Tables",
            labels={"experiment": PLAN.name, "table": "all runs"},
        ),
        means=report(
            f"results/experiments/{PLAN.name}/means.tsv",
            caption=caption_of("means"),
            category="Tables",
            labels={"experiment": PLAN.name, "table": "means over the seeds"},
        ),
        explored=[
            report(
                f"results/experiments/{PLAN.name}/{file}",
                caption=caption_of(file),
                category="Report",
                labels={"experiment": PLAN.name, "page": "interactive maps"},
            )
            for file in JOBS.explored()
        ],
        table=f"results/experiments/{PLAN.name}/runs.parquet",
        metrics=f"results/experiments/{PLAN.name}/metrics.json",
        provenance=f"results/experiments/{PLAN.name}/provenance.json",
        figures=[
            report(
                f"results/experiments/{PLAN.name}/figures/{file}",
                caption=caption_of(file),
                category=category,
                labels={"experiment": PLAN.name, "figure": title},
            )
            for file, category, title in JOBS.figures()
        ],
    log:
        f"results/logs/report/{PLAN.name}.log",
    benchmark:
        f"results/benchmarks/report/{PLAN.name}.tsv"
    threads: 1
    resources:
        mem_mb=costs.memory_mb(JOBS.of_experiment("report")),
        runtime=costs.minutes(JOBS.of_experiment("report")),
    params:
        spec=JOBS.of_experiment("report").spec_json,
        code=code_digest("report", {}),
        out=subpath(output.page, parent=True),
    shell:
        "stdp report --spec {params.spec:q} --code {params.code} --output {params.out:q} 2>&1 | tee {log:q}"


rule illustrate:
    input:
        # Those of all jobs would say the same, and take longer to plan by as many files.
        REPORTED if STORED else JOBS.last_results(),
    output:
        page=f"results/experiments/{PLAN.name}/print/README.md",
        index=f"results/experiments/{PLAN.name}/print/figures.json",
        provenance=f"results/experiments/{PLAN.name}/print/provenance.json",
        figures=[
            f"results/experiments/{PLAN.name}/print/{file}" for file in JOBS.printed()
        ],
    log:
        f"results/logs/illustrate/{PLAN.name}.log",
    benchmark:
        f"results/benchmarks/illustrate/{PLAN.name}.tsv"
    threads: 1
    resources:
        mem_mb=costs.memory_mb(JOBS.of_experiment("illustrate")),
        runtime=costs.minutes(JOBS.of_experiment("illustrate")),
    params:
        spec=JOBS.of_experiment("illustrate").spec_json,
        code=code_digest("illustrate", {}),
        out=subpath(output.page, parent=True),
    shell:
        "stdp illustrate --spec {params.spec:q} --code {params.code} --output {params.out:q} 2>&1 | tee {log:q}"


# Only if it is asked for: stdp run NAME -- gallery
rule gallery:
    input:
        index=rules.illustrate.output.index,
        figures=rules.illustrate.output.figures,
    output:
        page="docs/gallery/README.md",
    log:
        f"results/logs/gallery/{PLAN.name}.log",
    threads: 1
    resources:
        mem_mb=500,
        runtime=5,
    params:
        source=subpath(input.index, parent=True),
        out=subpath(output.page, parent=True),
    shell:
        "stdp gallery {params.source:q} --output {params.out:q} 2>&1 | tee {log:q}"
